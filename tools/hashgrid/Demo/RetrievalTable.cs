using System.Globalization;
using HashGrid.CommandLine.Output;
using Spectre.Console;

namespace HashGrid.CommandLine.Demo;

/// <summary>The answers as a table: a row for each match, shared labels marked with * and, on a terminal, green.</summary>
internal static class RetrievalTable
{
    public static void Print(IReadOnlyList<Retrieval> retrievals)
    {
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("query").AddColumn("labels").AddColumn(new TableColumn("distance").RightAligned()).AddColumn("nearest").AddColumn("labels (* shared)");
        foreach (Retrieval retrieval in retrievals)
        {
            for (int i = 0; i < retrieval.Matches.Count; i++)
            {
                Client.SearchMatch match = retrieval.Matches[i];
                table.AddRow(
                    i == 0 ? Markup.Escape(retrieval.Query.Name) : "",
                    i == 0 ? Markup.Escape(string.Join(", ", retrieval.Query.Labels)) : "",
                    match.Distance.ToString(CultureInfo.InvariantCulture),
                    Markup.Escape(match.Name),
                    string.Join(", ", match.Labels.Select(label => Mark(label, retrieval.Query.Labels.Contains(label)))));
            }
            if (retrieval != retrievals[^1])
                table.AddEmptyRow();
        }
        Terminal.Out.Write(table);
    }

    private static string Mark(string label, bool shared) => shared ? $"[green]*{Markup.Escape(label)}[/]" : Markup.Escape(label);
}
