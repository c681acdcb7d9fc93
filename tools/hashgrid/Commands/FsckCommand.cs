using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid fsck: proves a store, or says where it is damaged.</summary>
internal sealed class FsckCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("DIR") { Description = "Folder of the store, as given to `serve --data`; a running server may own it" };
    private readonly JsonOption _json = new();

    public FsckCommand()
        : base(
            "fsck",
            "Verify every record of a store and report each damage with its place. Reads only; works on stores that a server refuses.\n\nExit code 0: all that was acknowledged is there; 1: damage.",
            "hashgrid fsck hashgrid-data",
            "hashgrid fsck /var/lib/hashgrid --json")
    {
        Add(_folder);
        Add(_json);
        SetAction((parsed, ct) => Task.Run(() => Run(parsed, ct), CancellationToken.None));
    }

    private int Run(ParseResult parsed, CancellationToken ct)
    {
        StoreCheckReport report = StoreCheck.Run(parsed.GetRequiredValue(_folder), ct);
        if (parsed.GetValue(_json))
            Json.Print(ToJson(report));
        else
            Print(report);
        return report.Clean ? 0 : 1;
    }

    private static void Print(StoreCheckReport report)
    {
        foreach (StoreFinding finding in report.Findings)
            Console.Out.WriteLine(Findings.Line(finding));
        Facts.Print(
            ("store", report.StoreId == Guid.Empty ? "unknown" : report.StoreId),
            ("model", report.Model is { } model ? $"{model.Name}, {model.Bits} bits" : "unknown"),
            ("state", report.InUse ? "in use by a server" : report.ClosedCleanly ? "closed cleanly" : "not closed cleanly"),
            ("acknowledged", $"up to sequence {report.DurableSequence}, address {report.DurableAddress}"),
            ("verified", string.Create(CultureInfo.InvariantCulture, $"{report.Records} records: {Count(report, JournalRecordKind.Put)} put ({report.Digests} with digest), {Count(report, JournalRecordKind.Remove)} removed, {Count(report, JournalRecordKind.Refuse)} refused")),
            ("behind the tail", $"{report.BehindTail} records, kept by the next start"),
            ("lost", $"{report.Lost} records"));
        Console.Out.WriteLine(report.Clean
            ? "clean: every acknowledged record verifies"
            : "DAMAGED: nothing was changed; copy the folder away, then restore a backup, or keep what verifies with `hashgrid salvage`");
    }

    private static JsonObject ToJson(StoreCheckReport report) => new()
    {
        ["clean"] = report.Clean,
        ["store_id"] = report.StoreId == Guid.Empty ? null : report.StoreId.ToString(),
        ["bits"] = report.Model?.Bits,
        ["model"] = report.Model?.Name,
        ["model_fingerprint"] = report.Model?.Fingerprint,
        ["in_use"] = report.InUse,
        ["closed_cleanly"] = report.ClosedCleanly,
        ["durable_sequence"] = report.DurableSequence,
        ["durable_address"] = report.DurableAddress,
        ["last_sequence"] = report.LastSequence,
        ["records"] = report.Records,
        ["puts"] = Count(report, JournalRecordKind.Put),
        ["digests"] = report.Digests,
        ["removes"] = Count(report, JournalRecordKind.Remove),
        ["refusals"] = Count(report, JournalRecordKind.Refuse),
        ["behind_tail"] = report.BehindTail,
        ["lost"] = report.Lost,
        ["findings"] = Findings.ToJson(report.Findings),
    };

    private static long Count(StoreCheckReport report, JournalRecordKind kind) => report.Counts.GetValueOrDefault(kind);
}
