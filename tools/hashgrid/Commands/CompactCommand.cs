using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Compacting;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid compact: gives back the space of removed and replaced codes.</summary>
internal sealed class CompactCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("DIR") { Description = "Folder of the store; its server must be stopped" };
    private readonly JsonOption _json = new();

    public CompactCommand()
        : base(
            "compact",
            "Write a store's journal anew without removed and replaced codes, and change over to it in one step: interrupted at any moment, the store is whole.\n\n"
                + "Needs disk space for the new journal beside the old one. Sequences that clients know stay valid; ingest streams keep their positions.",
            "hashgrid compact hashgrid-data")
    {
        Add(_folder);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        CompactionReport report = await StoreCompaction.RunAsync(new CodeStoreOptions { Directory = parsed.GetRequiredValue(_folder) }, ct);
        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject
            {
                ["records_before"] = report.RecordsBefore,
                ["records_after"] = report.RecordsAfter,
                ["bytes_before"] = report.BytesBefore,
                ["bytes_after"] = report.BytesAfter,
            });
        }
        else
        {
            Console.Out.WriteLine(report.RecordsAfter == report.RecordsBefore
                ? string.Create(CultureInfo.InvariantCulture, $"nothing to gain: all {report.RecordsBefore} records count")
                : string.Create(CultureInfo.InvariantCulture, $"{report.RecordsBefore} records, {report.BytesBefore} bytes before; {report.RecordsAfter} records, {report.BytesAfter} bytes now"));
        }
        return 0;
    }
}
