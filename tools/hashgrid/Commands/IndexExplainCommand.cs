using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Index;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid index explain: what one query costs on each engine, and why the planner takes the one it takes.</summary>
internal sealed class IndexExplainCommand : ToolCommand
{
    private const int Repeats = 200;

    private readonly IndexSource _source;
    private readonly Option<string> _queries = new("--queries") { Required = true, HelpName = "FILE", Description = "Queries: raw codes" };
    private readonly Option<int> _number = new("--number") { HelpName = "I", Description = "Which query of the file, from 0" };
    private readonly Option<int> _k = new("-k", "--k") { DefaultValueFactory = _ => 10, HelpName = "K", Description = "Neighbours wanted" };
    private readonly Option<int?> _within = new("--within") { HelpName = "R", Description = "Only neighbours within this distance in bits" };
    private readonly Option<long> _candidates = new("--max-candidates") { HelpName = "N", Description = "Budget: most codes to compare; 0: no bound" };
    private readonly JsonOption _json = new();

    public IndexExplainCommand()
        : base("explain", "Show what one query costs on each engine, and which one the planner takes.", "hashgrid index explain --codes base.bin --bits 64 --structures all --queries queries.bin --number 3")
    {
        _source = new IndexSource(this);
        foreach (Option option in (Option[])[_queries, _number, _k, _within, _candidates, _json]) Add(option);
        SetAction((parsed, _) => Task.Run(() => Run(parsed), CancellationToken.None));
    }

    private int Run(ParseResult parsed)
    {
        int k = parsed.GetValue(_k), number = parsed.GetValue(_number);
        if (k is < 1 or > 1_000_000) throw new UsageException($"-k is {k}, but 1 to 1000000 neighbours are possible");
        if (parsed.GetValue(_candidates) < 0) throw new UsageException($"--max-candidates is {parsed.GetValue(_candidates)}, but 0 (no bound) or more are possible");
        using HammingIndex index = _source.Load(parsed, IndexStructures.All, 0);
        if (parsed.GetValue(_within) is { } within && (within < 0 || within > index.Width.Bits))
            throw new UsageException($"--within is {within}, but distances of {index.Width.Bits}-bit codes are 0 to {index.Width.Bits}");
        ulong[] queries = CodeFile.Read(parsed.GetRequiredValue(_queries), index.Width);
        if (number < 0 || number >= queries.Length / index.Width.Words)
            throw new UsageException($"--number is {number}, but the file has queries 0 to {(queries.Length / index.Width.Words) - 1}");
        ulong[] query = queries.AsSpan(number * index.Width.Words, index.Width.Words).ToArray();
        List<(SearchEngine Asked, SearchResult Result)> rows = [];
        foreach (SearchEngine engine in Enum.GetValues<SearchEngine>())
            rows.Add((engine, Best(index, query, k, parsed.GetValue(_within), new SearchOptions { Engine = engine, MaxCandidates = parsed.GetValue(_candidates) })));
        if (parsed.GetValue(_json)) PrintJson(rows);
        else PrintTable(rows);
        return 0;
    }

    /// <summary>The fastest of some runs: the first ones pay for cold memory and for compiling.</summary>
    private static SearchResult Best(HammingIndex index, ulong[] query, int k, int? within, SearchOptions options)
    {
        var found = new Neighbor[k];
        SearchResult best = default;
        TimeSpan spent = default;
        for (int i = 0; i < Repeats && spent < TimeSpan.FromSeconds(1); i++)
        {
            SearchResult result = within is { } radius ? index.RangeSearch(query, radius, found, options) : index.NearestSearch(query, found, options);
            spent += result.Stats.Elapsed;
            if (i == 0 || result.Stats.Elapsed < best.Stats.Elapsed) best = result;
        }
        return best;
    }

    private static void PrintTable(List<(SearchEngine Asked, SearchResult Result)> rows)
    {
        Console.Out.WriteLine($"{"asked",-9} {"ran",-9} {"µs",10} {"probes",10} {"candidates",12} {"found",7} exact  why");
        foreach ((SearchEngine asked, SearchResult result) in rows)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{EngineName.Of(asked),-9} {EngineName.Of(result.Stats.Engine),-9} {result.Stats.Elapsed.TotalMicroseconds,10:F1} {result.Stats.Probes,10} {result.Stats.Candidates,12} {result.Count,7} {(result.Exact ? "yes" : "no"),-5}  {result.Stats.Reason ?? "asked for"}"));
        }
    }

    private static void PrintJson(List<(SearchEngine Asked, SearchResult Result)> rows)
    {
        JsonArray list = [];
        foreach ((SearchEngine asked, SearchResult result) in rows)
        {
            list.Add(new JsonObject
            {
                ["asked"] = EngineName.Of(asked),
                ["ran"] = EngineName.Of(result.Stats.Engine),
                ["microseconds"] = Math.Round(result.Stats.Elapsed.TotalMicroseconds, 1),
                ["probes"] = result.Stats.Probes,
                ["candidates"] = result.Stats.Candidates,
                ["found"] = result.Count,
                ["exact"] = result.Exact,
                ["reason"] = result.Stats.Reason,
            });
        }
        Json.Print(list);
    }
}
