using System.CommandLine;
using HashGrid.CommandLine.Output;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid dump: the journal as JSON lines.</summary>
internal sealed class DumpCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("DIR") { Description = "Folder of the store, as given to `serve --data`" };

    public DumpCommand()
        : base(
            "dump",
            "Print every journal record that verifies as one line of JSON, in order; damage goes to stderr. Reads only.\n\nExit code 0: every acknowledged record was printed; 1: damage.",
            "hashgrid dump hashgrid-data",
            "hashgrid dump hashgrid-data | jq 'select(.kind == \"put\") | .id'")
    {
        Add(_folder);
        SetAction((parsed, ct) => Task.Run(() => Run(parsed, ct), CancellationToken.None));
    }

    private int Run(ParseResult parsed, CancellationToken ct)
    {
        using StoreReader store = StoreReader.Open(parsed.GetRequiredValue(_folder));
        using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
        using var lines = new EntryLine(output);
        bool damaged = false;
        foreach (JournalPiece piece in store.Walk(ct))
        {
            if (piece is JournalEntry entry)
            {
                lines.Write(entry);
                continue;
            }
            var finding = (StoreFinding)piece;
            damaged |= finding.Severity == FindingSeverity.Damage;
            Console.Error.WriteLine("hashgrid: " + Findings.Line(finding));
        }
        return damaged ? 1 : 0;
    }
}
