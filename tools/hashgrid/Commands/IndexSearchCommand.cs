using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Index;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid index search: exact nearest neighbours of raw code files, in this process.</summary>
internal sealed class IndexSearchCommand : ToolCommand
{
    // Beyond it one query's answer alone takes 80 MB of file.
    private const int MaxK = 10_000_000;

    private readonly IndexSource _source;
    private readonly Option<string> _queries = new("--queries") { Required = true, HelpName = "FILE", Description = "Queries: raw codes" };
    private readonly Option<int> _k = new("-k", "--k") { DefaultValueFactory = _ => 10, HelpName = "K", Description = "Neighbours for each query" };
    private readonly Option<int?> _within = new("--within") { HelpName = "R", Description = "Only neighbours within this distance in bits, inclusive; the k nearest of them are kept" };
    private readonly Option<string> _engine = new("--engine") { DefaultValueFactory = _ => "auto", HelpName = "NAME", Description = "auto, scan, multi or clusters; every engine gives the same answer" };
    private readonly Option<int> _threads = new("--threads") { DefaultValueFactory = _ => 1, HelpName = "N", Description = "Threads that share the queries; 0: one a core" };
    private readonly Option<string?> _out = new("--out") { HelpName = "FILE", Description = "Write k pairs of int32 distance and int32 id a query, ascending by (distance, id), short lists padded with -1" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object: codes, bits, queries, k, threads, engine (asked for, or chosen), ran (most), build_seconds, search_seconds, exact" };

    public IndexSearchCommand()
        : base(
            "search",
            "Find the nearest codes of raw code files, without a server. Exact.",
            "hashgrid index search --codes base.bin --bits 64 --queries queries.bin -k 10",
            "hashgrid index search --codes base.bin --bits 128 --queries queries.bin --within 12 -k 100 --engine multi --out answers.bin --json")
    {
        _source = new IndexSource(this);
        foreach (Option option in (Option[])[_queries, _k, _within, _engine, _threads, _out, _json])
            Add(option);
        _engine.AcceptOnlyFromAmong(EngineName.All);
        SetAction((parsed, ct) => Task.Run(() => Run(parsed, ct), CancellationToken.None));
    }

    private int Run(ParseResult parsed, CancellationToken ct)
    {
        int k = parsed.GetValue(_k), threads = parsed.GetValue(_threads);
        int? within = parsed.GetValue(_within);
        bool json = parsed.GetValue(_json);
        if (k is < 1 or > MaxK)
            throw new UsageException($"-k is {k}, but 1 to {MaxK} neighbours are possible");
        if (threads is < 0 or > 256)
            throw new UsageException($"--threads is {threads}, but 0 (one a core) to 256 are possible");
        SearchEngine engine = EngineName.Parse(parsed.GetRequiredValue(_engine));
        long start = Stopwatch.GetTimestamp();
        // An engine that was asked for gets its structure even where the automatic choice would not build it.
        using HammingIndex index = _source.Load(parsed, EngineName.StructuresFor(engine), threads);
        double buildSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (within < 0 || within > index.Width.Bits)
            throw new UsageException($"--within is {within}, but distances of {index.Width.Bits}-bit codes are 0 to {index.Width.Bits}");
        ulong[] queries = CodeFile.Read(parsed.GetRequiredValue(_queries), index.Width);
        ct.ThrowIfCancellationRequested();

        using NeighborFile? file = parsed.GetValue(_out) is { } path ? new NeighborFile(path, k) : null;
        bool lines = file is null && !json;
        var search = new FileSearch(index, queries, k, within, new SearchOptions { Engine = engine, Threads = threads });
        int query = 0;
        search.Run(
            neighbors =>
            {
                file?.Write(neighbors);
                if (lines)
                    Print(query, neighbors);
                query++;
            },
            ct);
        Report(search, engine == SearchEngine.Auto ? search.Engine : engine, index, query, k, within, threads, buildSeconds, json, lines);
        return 0;
    }

    private static void Report(
        FileSearch search, SearchEngine engine, HammingIndex index, int queries, int k, int? within, int threads, double buildSeconds, bool json, bool lines)
    {
        if (json)
        {
            var report = new JsonObject
            {
                ["codes"] = index.Count,
                ["bits"] = index.Width.Bits,
                ["queries"] = queries,
                ["k"] = k,
                ["threads"] = threads,
                ["engine"] = EngineName.Of(engine),
                ["ran"] = EngineName.Of(search.Engine),
                ["build_seconds"] = Math.Round(buildSeconds, 6),
                ["search_seconds"] = Math.Round(search.Elapsed.TotalSeconds, 6),
                ["exact"] = search.Exact,
            };
            if (within is { } radius)
            {
                report["within"] = radius;
                report["more"] = search.More;
            }
            Json.Print(report);
            return;
        }
        string more = search.More ? $"; more than {k} codes lie within {within} of some queries: the nearest were kept" : "";
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"{index.Count} codes of {index.Width.Bits} bits, {queries} queries, engine {EngineName.Of(engine)}: built in {buildSeconds:F3} s, searched in {search.Elapsed.TotalSeconds:F3} s ({search.Elapsed.TotalMicroseconds / queries:F1} µs a query){more}");
        (lines ? Console.Error : Console.Out).WriteLine(text);
    }

    private static void Print(int query, ReadOnlySpan<Neighbor> neighbors)
    {
        foreach (Neighbor neighbor in neighbors)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{query}\t{neighbor.Id}\t{neighbor.Distance}"));
    }
}
