using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Files;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid bench fsync: the floor that this disk sets, and how far above it an acknowledgement is.</summary>
internal sealed class BenchFsyncCommand : ToolCommand
{
    private const int SectorBytes = 512;
    private const int FileBytes = 16 << 20;

    private readonly Argument<string> _folder = new("DIR") { Description = "A folder on the disk to measure; what is written there is deleted again" };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 4, HelpName = "S", Description = "Length of the measurement, half of it for each side" };
    private readonly JsonOption _json = new();

    public BenchFsyncCommand()
        : base(
            "fsync",
            "Measure what durability costs on a disk: a raw write of one sector and its sync, and beside it one code stored and acknowledged.\n\nThe two take turns, so that whatever else the machine does meets both.",
            "hashgrid bench fsync /var/lib/hashgrid")
    {
        Add(_folder);
        Add(_seconds);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        double seconds = parsed.GetValue(_seconds);
        if (!(seconds is >= 0.1 and <= 600))
            throw new UsageException($"--seconds is {seconds}, but 0.1 to 600 are possible");
        using var scratch = new BenchFolder(parsed.GetRequiredValue(_folder));
        Latencies raw = new(), stored = new();
        using (IStorageFile file = DiskFiles.Instance.Open(Path.Combine(scratch.Path, "raw"), create: true))
        await using (CodeStore store = await CodeStore.OpenAsync(scratch.StoreOptions, BenchFolder.Model, ct))
        {
            file.Reserve(FileBytes);
            byte[] sector = new byte[SectorBytes];
            long offset = 0;
            ulong id = 0;
            long started = Stopwatch.GetTimestamp();
            // The first of each pays for what the others do not: code that is compiled, files that are made.
            for (int i = -20; i <= 0 || Stopwatch.GetElapsedTime(started).TotalSeconds < seconds; i++)
            {
                ct.ThrowIfCancellationRequested();
                if (i == 0)
                    started = Stopwatch.GetTimestamp();
                long begin = Stopwatch.GetTimestamp();
                file.Write(sector, offset);
                file.Sync();
                TimeSpan rawTime = Stopwatch.GetElapsedTime(begin);
                offset = (offset + SectorBytes) % FileBytes;
                begin = Stopwatch.GetTimestamp();
                PutResult put = store.Put(new CodeRecord(++id, [id * 0x9E3779B97F4A7C15], [], "", 0), PutMode.Add, null);
                await store.WaitDurableAsync(put.Sequence, ct);
                TimeSpan storedTime = Stopwatch.GetElapsedTime(begin);
                if (i < 0)
                    continue;
                raw.Add(rawTime);
                stored.Add(storedTime);
            }
        }
        double ratio = stored.Quantile(0.5) / raw.Quantile(0.5);
        if (parsed.GetValue(_json))
            Json.Print(new JsonObject { ["write_and_sync"] = raw.ToJson(), ["durable_put"] = stored.ToJson(), ["ratio_p50"] = Math.Round(ratio, 3) });
        else
            Facts.Print(("write and sync", raw), ("durable put", stored), ("ratio of p50", Math.Round(ratio, 2)));
        return 0;
    }
}
