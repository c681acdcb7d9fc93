using System.Net;
using System.Text;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>Writes the parts as Markdown, with the pictures beside it, and as one HTML file that holds them.</summary>
internal static class ReportFiles
{
    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#212529}table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}" +
        "th,td{border-bottom:1px solid #dee2e6;padding:.3rem .7rem;text-align:left;vertical-align:top}th{background:#f1f3f5}img{max-width:100%;height:auto}figcaption{color:#6c757d;font-size:.9rem}code{background:#f1f3f5;padding:.1rem .3rem}";

    public static void Write(string folder, string title, IReadOnlyList<Part> parts)
    {
        Replace(Path.Combine(folder, "report.md"), Markdown(title, parts));
        Replace(Path.Combine(folder, "report.html"), Html(folder, title, parts));
    }

    public static string Markdown(string title, IReadOnlyList<Part> parts)
    {
        var text = new StringBuilder($"# {title}\n");
        foreach (Part part in parts)
            text.Append('\n').Append(part switch
            {
                Part.Heading heading => $"{new string('#', heading.Level)} {heading.Title}\n",
                Part.Text words => words.Words + "\n",
                Part.Code code => $"    {code.Line}\n",
                Part.Table table => Row(table.Head) + Row(Array.ConvertAll(table.Head, _ => "---")) + string.Concat(table.Rows.Select(Row)),
                Part.Picture picture => $"![{picture.Caption}]({picture.File})\n\n{picture.Caption}\n",
                _ => throw new InvalidOperationException($"a report has no part such as {part}"),
            });
        return text.ToString();
    }

    private static string Html(string folder, string title, IReadOnlyList<Part> parts)
    {
        static string Safe(string text) => WebUtility.HtmlEncode(text);
        var text = new StringBuilder($"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Safe(title)}</title><style>{Style}</style></head><body><h1>{Safe(title)}</h1>\n");
        foreach (Part part in parts)
            text.Append(part switch
            {
                Part.Heading heading => $"<h{heading.Level}>{Safe(heading.Title)}</h{heading.Level}>\n",
                Part.Text words => $"<p>{Safe(words.Words)}</p>\n",
                Part.Code code => $"<p><code>{Safe(code.Line)}</code></p>\n",
                Part.Table table => $"<table><tr>{string.Concat(table.Head.Select(cell => $"<th>{Safe(cell)}</th>"))}</tr>{string.Concat(table.Rows.Select(row => $"<tr>{string.Concat(row.Select(cell => $"<td>{Safe(cell)}</td>"))}</tr>"))}</table>\n",
                Part.Picture picture => $"<figure><img alt=\"{Safe(picture.Caption)}\" src=\"data:image/{(picture.File.EndsWith(".jpg", StringComparison.Ordinal) ? "jpeg" : "png")};base64,{Convert.ToBase64String(File.ReadAllBytes(Path.Combine(folder, picture.File)))}\"><figcaption>{Safe(picture.Caption)}</figcaption></figure>\n",
                _ => throw new InvalidOperationException($"a report has no part such as {part}"),
            });
        return text.Append("</body></html>\n").ToString();
    }

    private static string Row(string[] cells) => $"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n";

    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".tmp", text);
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
