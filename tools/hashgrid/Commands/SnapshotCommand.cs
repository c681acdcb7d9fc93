using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Output;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid snapshot: make the next start fast.</summary>
internal sealed class SnapshotCommand : ToolCommand
{
    private readonly ServerOption _server = new();
    private readonly JsonOption _json = new();

    public SnapshotCommand()
        : base(
            "snapshot",
            "Write an index snapshot, so that the server's next start has less to index. Durability does not depend on it.",
            "hashgrid snapshot")
    {
        Add(_server);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        await using HashGridClient client = _server.Connect(parsed);
        SnapshotReport report = await client.SnapshotAsync(ct);
        if (parsed.GetValue(_json))
            Json.Print(new JsonObject { ["sequence"] = report.Sequence, ["bytes"] = report.Bytes, ["milliseconds"] = report.Elapsed.TotalMilliseconds });
        else
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"snapshot up to sequence {report.Sequence}: {report.Bytes} bytes in {report.Elapsed.TotalSeconds:F2} s"));
        return 0;
    }
}
