using System.Text;

namespace HashGrid.CommandLine.Inputs;

/// <summary>Comma-separated values with a header line; fields may stand in double quotes, as RFC 4180 has it.</summary>
internal static class Csv
{
    /// <summary>Rows as column name → field; a row may be shorter than the header.</summary>
    public static IEnumerable<Dictionary<string, string>> Read(string path)
    {
        using var reader = new StreamReader(path, Encoding.UTF8);
        string[]? header = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0)
                continue;
            // A quoted field may hold line breaks.
            while (line.Count(c => c == '"') % 2 == 1 && reader.ReadLine() is { } more)
                line += "\n" + more;
            string[] fields = [.. Split(line)];
            if (header is null)
            {
                header = fields;
                continue;
            }
            var row = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (int i = 0; i < Math.Min(header.Length, fields.Length); i++)
                row[header[i].Trim()] = fields[i];
            yield return row;
        }
    }

    private static IEnumerable<string> Split(string line)
    {
        var field = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                yield return field.ToString();
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }
        yield return field.ToString();
    }
}
