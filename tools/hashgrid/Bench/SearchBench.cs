using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Commands;
using HashGrid.Index;

namespace HashGrid.CommandLine.Bench;

/// <summary>Times searches on one index; every query is answered in each round, and the best round counts.</summary>
/// <param name="index">What is searched.</param>
/// <param name="queries">Queries × words words.</param>
/// <param name="seconds">Time for one measurement; at least three rounds are made.</param>
/// <param name="isProcessorTime">Counts processor time of the process, for a machine that others use too.</param>
internal sealed class SearchBench(HammingIndex index, ulong[] queries, double seconds, bool isProcessorTime)
{
    private const int FewestRounds = 3;

    private readonly int _words = index.Width.Words;
    private readonly int _count = queries.Length / index.Width.Words;

    /// <summary>One query after the other.</summary>
    /// <param name="k">Neighbours wanted.</param>
    /// <param name="within">Radius in bits; null for the nearest whatever their distance.</param>
    /// <param name="options">Engine and threads.</param>
    /// <param name="ct">Ends the measurement.</param>
    public JsonObject Single(int k, int? within, SearchOptions options, CancellationToken ct)
    {
        var found = new Neighbor[k];
        var engines = new SortedDictionary<string, int>();
        List<double> each = [];
        long probes = 0, candidates = 0, results = 0;
        bool exact = true;
        string? reason = null;
        double best = Rounds(isWarm =>
        {
            (probes, candidates, results) = (0, 0, 0);
            engines.Clear();
            for (int i = 0; i < _count; i++)
            {
                ReadOnlySpan<ulong> query = queries.AsSpan(i * _words, _words);
                SearchResult result = within is { } radius ? index.RangeSearch(query, radius, found, options) : index.NearestSearch(query, found, options);
                probes += result.Stats.Probes;
                candidates += result.Stats.Candidates;
                results += result.Count;
                exact &= result.Exact;
                reason ??= result.Stats.Reason;
                if (isWarm) each.Add(result.Stats.Elapsed.TotalMilliseconds);
                CollectionsMarshal.GetValueRefOrAddDefault(_used, result.Stats.Engine, out _)++;
            }
        }, ct);
        each.Sort();
        JsonObject row = Row(within is null ? "nearest" : "within", k, within, options, best);
        row["ms_p50"] = Math.Round(each[each.Count / 2], 5);
        row["ms_p99"] = Math.Round(each[(int)(each.Count * 0.99)], 5);
        row["ran"] = string.Join(' ', Used());
        row["probes"] = probes / _count;
        row["candidates"] = candidates / _count;
        row["results"] = Math.Round((double)results / _count, 2);
        row["exact"] = exact;
        row["reason"] = reason;
        return row;
    }

    /// <summary>All queries in one call.</summary>
    public JsonObject Batch(int k, SearchOptions options, CancellationToken ct)
    {
        var found = new Neighbor[(long)k * _count];
        SearchResult result = default;
        double best = Rounds(_ => result = index.NearestSearchBatch(queries, k, found, options), ct);
        JsonObject row = Row("batch", k, null, options, best);
        row["ran"] = EngineName.Of(result.Stats.Engine);
        row["candidates"] = result.Stats.Candidates / _count;
        row["exact"] = result.Exact;
        return row;
    }

    private readonly Dictionary<SearchEngine, int> _used = [];

    private IEnumerable<string> Used()
    {
        int all = _used.Values.Sum();
        string[] shares = [.. _used.OrderByDescending(pair => pair.Value).Select(pair => $"{EngineName.Of(pair.Key)}:{100.0 * pair.Value / all:F0}%")];
        _used.Clear();
        return shares;
    }

    private double Rounds(Action<bool> round, CancellationToken ct)
    {
        round(false); // for the compiler and the caches
        double best = double.MaxValue;
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < FewestRounds || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds; i++)
        {
            ct.ThrowIfCancellationRequested();
            TimeSpan start = Now();
            round(true);
            best = Math.Min(best, (Now() - start).TotalMilliseconds / _count);
        }
        return best;
    }

    private JsonObject Row(string what, int k, int? within, SearchOptions options, double best)
    {
        var row = new JsonObject { ["what"] = what, ["engine"] = EngineName.Of(options.Engine), ["k"] = k };
        if (within is not null) row["within"] = within;
        row["threads"] = options.Threads;
        row["queries"] = _count;
        row["ms_per_query"] = Math.Round(best, 5);
        return row;
    }

    private TimeSpan Now() => isProcessorTime ? Environment.CpuUsage.TotalTime : Stopwatch.GetElapsedTime(0);
}
