namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>A piece of a report, whatever it is written as.</summary>
internal abstract record Part
{
    public sealed record Heading(int Level, string Title) : Part;

    public sealed record Text(string Words) : Part;

    public sealed record Code(string Line) : Part;

    public sealed record Table(string[] Head, IReadOnlyList<string[]> Rows) : Part;

    public sealed record Picture(string File, string Caption) : Part;
}
