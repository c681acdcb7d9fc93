using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Bench;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Index;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid index bench: how fast this machine searches given codes, as JSON.</summary>
internal sealed class IndexBenchCommand : ToolCommand
{
    private readonly IndexSource _source;
    private readonly Option<string?> _make = new("--make") { HelpName = "KIND", Description = "Make 64-bit codes and queries in place of reading them: uniform, clustered or overlapping" };
    private readonly Option<int> _count = new("--count") { DefaultValueFactory = _ => 1_000_000, HelpName = "N", Description = "Codes to make" };
    private readonly Option<string?> _queries = new("--queries") { HelpName = "FILE", Description = "Queries: raw codes; needed without --make" };
    private readonly Option<int> _used = new("--queries-used") { DefaultValueFactory = _ => 200, HelpName = "N", Description = "Queries to measure with, from the beginning of the file" };
    private readonly Option<string> _k = new("-k", "--k") { DefaultValueFactory = _ => "10", HelpName = "K,K", Description = "Neighbours wanted, one measurement for each" };
    private readonly Option<string?> _within = new("--within") { HelpName = "R,R", Description = "Range searches of these radii in bits, beside the nearest; the largest k bounds the answer" };
    private readonly Option<string> _engines = new("--engines") { DefaultValueFactory = _ => "auto,scan,multi,clusters", HelpName = "NAME,NAME", Description = "Engines to force, one measurement for each; auto plans" };
    private readonly Option<string> _threads = new("--threads") { DefaultValueFactory = _ => "1", HelpName = "N,N", Description = "Threads a search, one measurement for each; the index is built with the most of them" };
    private readonly Option<bool> _batch = new("--batch") { Description = "Measure all queries in one call, too" };
    private readonly Option<string?> _every = new("--label-every") { HelpName = "N,N", Description = "With --make: searches, too, among the codes that carry a label, one code in N; at most 64 numbers" };
    private readonly Option<string?> _writes = new("--writes") { HelpName = "RATE,RATE", Description = "Measure adds, upserts and removes at so many a second beside a searching thread, too, on --count uniform codes; 0: as many as one thread can" };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 1, HelpName = "S", Description = "Time for one measurement" };
    private readonly Option<string> _clock = new("--clock") { DefaultValueFactory = _ => "wall", HelpName = "NAME", Description = "wall, or cpu: processor time, for a machine that others use too" };

    public IndexBenchCommand()
        : base(
            "bench",
            "Measure searches on raw codes or an index file; one JSON object on stdout.",
            "hashgrid index bench --make clustered --count 1000000 -k 1,10,100,1000",
            "hashgrid index bench --codes base.bin --bits 64 --structures all --queries queries.bin -k 10 --threads 1,2 --batch")
    {
        _source = new IndexSource(this);
        _make.AcceptOnlyFromAmong(MadeCodes.Kinds);
        _clock.AcceptOnlyFromAmong("wall", "cpu");
        foreach (Option option in (Option[])[_make, _count, _queries, _used, _k, _within, _engines, _threads, _batch, _every, _writes, _seconds, _clock]) Add(option);
        SetAction((parsed, ct) => Task.Run(() => Run(parsed, ct), CancellationToken.None));
    }

    private int Run(ParseResult parsed, CancellationToken ct)
    {
        int[] ks = NumberList.Parse(parsed.GetRequiredValue(_k), "-k", 1, 1_000_000), radii = parsed.GetValue(_within) is { } within ? NumberList.Parse(within, "--within", 0, CodeWidth.MaxBits) : [];
        int[] threads = NumberList.Parse(parsed.GetRequiredValue(_threads), "--threads", 1, 256);
        int[] rates = parsed.GetValue(_writes) is { } writes ? NumberList.Parse(writes, "--writes", 0, 100_000_000) : [];
        int[] every = parsed.GetValue(_every) is { } numbers ? NumberList.Parse(numbers, "--label-every", 1, int.MaxValue) : [];
        if (every.Length > 64) throw new UsageException($"--label-every has {every.Length} numbers, but a code has room for 64 labels");
        if (every.Length > 0 && parsed.GetValue(_make) is null) throw new UsageException("--label-every needs --make: the codes of a file carry no labels");
        string[] engines = parsed.GetRequiredValue(_engines).Split(',');
        if (engines.FirstOrDefault(name => !EngineName.All.Contains(name)) is { } unknown)
            throw new UsageException($"--engines names '{unknown}', but {string.Join(", ", EngineName.All)} exist");
        int used = parsed.GetValue(_used), count = parsed.GetValue(_count);
        if (used < 1) throw new UsageException($"--queries-used is {used}, but at least 1 is needed");
        if (count is < 1 or > 1_000_000_000) throw new UsageException($"--count is {count}, but 1 to 1000000000 codes can be made");
        bool isProcessorTime = parsed.GetValue(_clock) == "cpu";

        TimeSpan begin = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        ulong[] queries;
        HammingIndex index;
        if (parsed.GetValue(_make) is { } kind)
        {
            var width = new CodeWidth(64);
            ulong[] codes = MadeCodes.Make(kind, width, count, 0);
            queries = MadeCodes.Make(kind, width, used, 1);
            (begin, start) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            index = HammingIndex.Build(width, [], codes, new HammingIndexOptions { Structures = IndexStructures.All, BuildThreads = threads.Max() }, MadeCodes.Labels(count, every));
        }
        else
        {
            index = _source.Load(parsed, IndexStructures.All, threads.Max());
            queries = CodeFile.Read(parsed.GetValue(_queries) ?? throw new UsageException("--queries FILE is missing; or --make KIND makes codes and queries"), index.Width);
        }
        using (index)
        {
            JsonArray results = [];
            var report = new JsonObject
            {
                ["machine"] = Machine(),
                ["data"] = parsed.GetValue(_make) ?? _source.NameIn(parsed),
                ["clock"] = isProcessorTime ? "cpu" : "wall",
                ["bits"] = index.Width.Bits,
                ["codes"] = index.Count,
                ["bytes_per_code"] = Math.Round((double)index.MemoryBytes / index.Count, 2),
                ["load_seconds"] = Math.Round(isProcessorTime ? (Environment.CpuUsage.TotalTime - begin).TotalSeconds : Stopwatch.GetElapsedTime(start).TotalSeconds, 3),
                ["results"] = results,
            };
            var bench = new SearchBench(index, queries[..Math.Min(queries.Length, used * index.Width.Words)], parsed.GetValue(_seconds), isProcessorTime);
            foreach (int thread in threads)
            {
                foreach (string engine in engines)
                {
                    var options = new SearchOptions { Engine = EngineName.Parse(engine), Threads = thread };
                    foreach (int k in ks) results.Add(bench.Single(k, null, options, ct));
                    foreach (int radius in radii) results.Add(bench.Single(ks.Max(), radius, options, ct));
                    for (int label = 0; label < every.Length; label++)
                    {
                        JsonObject row = bench.Single(ks.Max(), null, options with { AnyLabel = 1UL << label }, ct);
                        row["label_every"] = every[label];
                        results.Add(row);
                    }
                    if (!parsed.GetValue(_batch)) continue;
                    foreach (int k in ks) results.Add(bench.Batch(k, options, ct));
                }
            }
            foreach (int rate in rates) results.Add(new WriteBench(count, rate).Run(ct));
            Json.Print(report);
        }
        return 0;
    }

    private static JsonObject Machine() => new()
    {
        ["processor"] = RuntimeInformation.ProcessArchitecture.ToString(),
        ["cores"] = Environment.ProcessorCount,
        ["kernel"] = HammingIndex.KernelName,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["system"] = RuntimeInformation.OSDescription,
    };
}
