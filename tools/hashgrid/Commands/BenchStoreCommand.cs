using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid bench store: durable codes a second, bytes a code, and how long a restart takes.</summary>
internal sealed class BenchStoreCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("DIR") { Description = "A folder on the disk to measure; what is written there is deleted again" };
    private readonly Option<int> _codes = new("--codes") { DefaultValueFactory = _ => 1_000_000, HelpName = "N", Description = "Codes to store, 64 bits each" };
    private readonly Option<int> _streams = new("--streams") { DefaultValueFactory = _ => 64, HelpName = "N", Description = "Ingest streams that write side by side" };
    private readonly Option<int> _window = new("--window") { DefaultValueFactory = _ => 64, HelpName = "N", Description = "Codes that a stream sends before it waits until they are durable" };
    private readonly Option<bool> _digests = new("--digests") { Description = "Store a digest with each code, as images have, and look for duplicates: what that costs in journal, memory and time" };
    private readonly Option<bool> _snapshot = new("--snapshot") { Description = "Write an index snapshot before the restart, as `hashgrid snapshot` does" };
    private readonly JsonOption _json = new();

    public BenchStoreCommand()
        : base(
            "store",
            "Store codes durably from many streams, close, and start again up to the first right answer of a search. No network, no model: the store and the index alone.",
            "hashgrid bench store /var/lib/hashgrid",
            "hashgrid bench store /var/lib/hashgrid --codes 10000000 --snapshot --json")
    {
        foreach (Symbol symbol in (Symbol[])[_folder, _codes, _streams, _window, _digests, _snapshot, _json])
        {
            if (symbol is Argument argument)
                Add(argument);
            else
                Add((Option)symbol);
        }
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        int codes = Range(parsed, _codes, 1000, 200_000_000), streams = Range(parsed, _streams, 1, 1024), window = Range(parsed, _window, 1, 4096);
        bool digests = parsed.GetValue(_digests);
        using var scratch = new BenchFolder(parsed.GetRequiredValue(_folder));
        var indexOptions = new IndexHostOptions { Directory = Path.Combine(scratch.Path, "index"), Width = new CodeWidth(64) };

        CodeStoreOptions options = scratch.StoreOptions with { Duplicates = digests ? DuplicateMode.Link : DuplicateMode.Store };
        TimeSpan writing;
        long journalBytes, digestBytes = 0;
        await using (CodeStore store = await CodeStore.OpenAsync(options, BenchFolder.Model, ct))
        {
            long before = store.JournalBytes, began = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, streams).Select(stream => Task.Run(() => WriteAsync(store, stream, streams, window, codes, digests, ct), ct)));
            writing = Stopwatch.GetElapsedTime(began);
            journalBytes = store.JournalBytes - before;
            if (parsed.GetValue(_snapshot))
            {
                await using IndexHost index = IndexHost.Start(store, indexOptions);
                await index.WaitReadyAsync(ct);
                await index.SnapshotAsync(inBackground: false, ct);
            }
        }

        // Whatever else the machine does can only make a restart slower: the fastest of three counts.
        var starts = new List<(TimeSpan Opened, TimeSpan Answered, TimeSpan Processor)>();
        for (int i = 0; i < 3; i++)
        {
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            long started = Stopwatch.GetTimestamp();
            await using CodeStore store = await CodeStore.OpenAsync(options, BenchFolder.Model, ct);
            TimeSpan opened = Stopwatch.GetElapsedTime(started);
            digestBytes = store.DigestUse.MemoryBytes;
            await using IndexHost index = IndexHost.Start(store, indexOptions);
            await index.WaitReadyAsync(ct);
            var nearest = new Neighbor[1];
            ulong last = (ulong)codes - 1;
            index.Index.NearestSearch([CodeOf(last)], nearest);
            starts.Add((opened, Stopwatch.GetElapsedTime(started), Environment.CpuUsage.TotalTime - processor));
            if (nearest[0].Distance != 0 || index.Index.Count != codes || store.Count != codes || !store.TryGet(last, out CodeRecord? record) || record.Code[0] != CodeOf(last))
                throw new CommandException($"the restarted store holds {store.Count} codes and its index {index.Index.Count}, but {codes} were acknowledged");
        }
        Report(parsed, codes, streams, window, writing, journalBytes, digestBytes, starts.MinBy(start => start.Answered));
        return 0;
    }

    private void Report(ParseResult parsed, int codes, int streams, int window, TimeSpan writing, long journalBytes, long digestBytes, (TimeSpan Opened, TimeSpan Answered, TimeSpan Processor) start)
    {
        double perSecond = codes / writing.TotalSeconds, bytes = (double)journalBytes / codes, ratio = bytes / (PayloadBytes(codes, streams) + (parsed.GetValue(_digests) ? ContentDigest.Bytes : 0));
        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject
            {
                ["codes"] = codes,
                ["streams"] = streams,
                ["window"] = window,
                ["durable_codes_per_second"] = Math.Round(perSecond),
                ["journal_bytes_per_code"] = Math.Round(bytes, 1),
                ["journal_bytes_per_payload_byte"] = Math.Round(ratio, 2),
                ["digest_memory_bytes_per_code"] = Math.Round((double)digestBytes / codes, 1),
                ["snapshot"] = parsed.GetValue(_snapshot),
                ["store_open_seconds"] = Math.Round(start.Opened.TotalSeconds, 3),
                ["first_answer_seconds"] = Math.Round(start.Answered.TotalSeconds, 3),
                ["start_processor_seconds"] = Math.Round(start.Processor.TotalSeconds, 3),
            });
            return;
        }
        Facts.Print(
            ("durable codes a second", string.Create(CultureInfo.InvariantCulture, $"{perSecond:F0} from {streams} streams, {window} in flight each")),
            ("journal bytes a code", string.Create(CultureInfo.InvariantCulture, $"{bytes:F1}, {ratio:F2} × the payload: id, code, stream, position, {(parsed.GetValue(_digests) ? "digest, " : "")}no labels, no name")),
            ("digest memory a code", string.Create(CultureInfo.InvariantCulture, $"{(double)digestBytes / codes:F1} bytes")),
            ("store open again", string.Create(CultureInfo.InvariantCulture, $"{start.Opened.TotalSeconds:F2} s, every record verified")),
            ("first right answer", string.Create(CultureInfo.InvariantCulture, $"{start.Answered.TotalSeconds:F2} s, {start.Processor.TotalSeconds:F2} s of processor time, {(parsed.GetValue(_snapshot) ? "with" : "without")} an index snapshot")));
    }

    private static async Task WriteAsync(CodeStore store, int stream, int streams, int window, int codes, bool digests, CancellationToken ct)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"bench-{stream}");
        ulong position = 0;
        long sequence = 0;
        for (int number = stream; number < codes; number += streams)
        {
            var record = new CodeRecord((ulong)number, [CodeOf((ulong)number)], [], "", 0) { Digest = digests ? ContentDigest.Of(BitConverter.GetBytes(number)) : null };
            sequence = store.Put(record, PutMode.Add, new StreamPosition(name, ++position)).Sequence;
            if (position % (ulong)window == 0)
                await store.WaitDurableAsync(sequence, ct);
        }
        await store.WaitDurableAsync(sequence, ct);
    }

    // Each by itself: 8 bytes of id and of code, one for no labels, one for no name, stream and position as short numbers.
    private static double PayloadBytes(int codes, int streams)
    {
        long bytes = 0;
        for (int number = 0; number < codes; number++)
            bytes += 8 + 8 + 1 + 1 + NumberBytes(number % streams + 1) + NumberBytes(number / streams + 1);
        return (double)bytes / codes;

        static int NumberBytes(int value) => (BitOperations.Log2((uint)value) + 7) / 7;
    }

    // Distinct for distinct ids: a bijection of 64 bits (SplitMix64).
    private static ulong CodeOf(ulong id)
    {
        ulong x = id + 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private static int Range(ParseResult parsed, Option<int> option, int min, int max)
    {
        int value = parsed.GetValue(option);
        return value >= min && value <= max ? value : throw new UsageException($"{option.Name} is {value}, but {min} to {max} are possible");
    }
}
