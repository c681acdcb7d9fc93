using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid salvage: a new store from what a damaged one still proves.</summary>
internal sealed class SalvageCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("DIR") { Description = "Folder of the damaged store; it is not changed" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "DIR", Description = "Folder of the new store; must not exist, be empty, or hold what an interrupted salvage left" };
    private readonly JsonOption _json = new();

    public SalvageCommand()
        : base(
            "salvage",
            "Copy every record of a store that proves itself into a new store, and report what is lost.\n\n"
                + "A lost record may have been a remove: an id that it removed is there again. The new store has an id and sequences of its own. "
                + "Interrupted, it is refused by every command; run the same again, it begins anew.\n\n"
                + "Exit code 0: every acknowledged record was copied; 1: some are lost, or nothing could be copied.",
            "hashgrid salvage hashgrid-data --out hashgrid-data-2")
    {
        Add(_folder);
        Add(_out);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        SalvageReport report = await StoreSalvage.RunAsync(
            parsed.GetRequiredValue(_folder), new CodeStoreOptions { Directory = parsed.GetRequiredValue(_out) }, ct);
        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject
            {
                ["complete"] = report.Complete,
                ["store_id"] = report.StoreId.ToString(),
                ["puts"] = report.Puts,
                ["removes"] = report.Removes,
                ["without_stream"] = report.WithoutStream,
                ["ids"] = report.Ids,
                ["lost"] = report.Lost,
                ["findings"] = Findings.ToJson(report.Findings),
            });
        }
        else
        {
            foreach (StoreFinding finding in report.Findings)
                Console.Out.WriteLine(Findings.Line(finding));
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Puts} put and {report.Removes} remove records copied to '{report.Folder}', which holds {report.Ids} ids; {report.Lost} records lost"));
        }
        return report.Complete ? 0 : 1;
    }
}
