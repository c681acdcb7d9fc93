using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Output;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid stats: size and state of the store.</summary>
internal sealed class StatsCommand : ToolCommand
{
    private readonly ServerOption _server = new();
    private readonly JsonOption _json = new();

    public StatsCommand()
        : base("stats", "Show size and state of the store.", "hashgrid stats", "hashgrid stats --json")
    {
        Add(_server);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        await using HashGridClient client = _server.Connect(parsed);
        StoreStats stats = await client.StatsAsync(ct);
        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject
            {
                ["state"] = stats.State,
                ["codes"] = stats.Codes,
                ["bits"] = stats.Model.Bits,
                ["model"] = stats.Model.Name,
                ["model_fingerprint"] = stats.Model.Fingerprint,
                ["device"] = stats.Model.Device,
                ["durable_sequence"] = stats.DurableSequence,
                ["indexed_sequence"] = stats.IndexedSequence,
                ["journal_bytes"] = stats.JournalBytes,
                ["index_bytes"] = stats.IndexBytes,
                ["images_encoded"] = stats.ImagesEncoded,
                ["searches"] = stats.Searches,
                ["store_id"] = stats.StoreId,
                ["duplicates"] = stats.Duplicates,
                ["digest_images"] = stats.DigestImages,
                ["digest_bytes"] = stats.DigestBytes,
                ["items_linked"] = stats.ItemsLinked,
                ["snapshot_problem"] = stats.SnapshotProblem.Length == 0 ? null : stats.SnapshotProblem,
            });
            return 0;
        }
        Facts.Print(
            ("state", stats.State), ("codes", stats.Codes), ("model", $"{stats.Model.Name}, {stats.Model.Bits} bits, on {stats.Model.Device}"),
            ("model fingerprint", stats.Model.Fingerprint), ("durable sequence", stats.DurableSequence), ("indexed sequence", stats.IndexedSequence),
            ("journal bytes", stats.JournalBytes), ("index bytes", stats.IndexBytes), ("images encoded", stats.ImagesEncoded),
            ("searches", stats.Searches), ("store id", stats.StoreId),
            ("duplicates", stats.Duplicates), ("digest images", stats.DigestImages), ("digest bytes", stats.DigestBytes), ("items linked", stats.ItemsLinked),
            ("last snapshot", stats.SnapshotProblem.Length == 0 ? "no problem" : stats.SnapshotProblem));
        return 0;
    }
}
