using HashGrid.Index.Clusters;
using HashGrid.Index.MultiIndex;
using HashGrid.Index.Scan;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Planning;

/// <summary>Chooses how a query walks a segment, from cost counted in the structures, and changes its mind while it runs.</summary>
/// <remarks>
/// Every engine's cost depends on how near the answer is, which nobody knows beforehand. So the nearest centre, or the nearest buckets, are
/// looked at first: cheap, and from then on the collector's limit bounds what each engine has left to do.
/// Costs are in nanoseconds; their ratios decide.
/// </remarks>
internal readonly unsafe struct Planner
{
    /// <summary>Scanning one word of a code from beyond the second-level cache.</summary>
    private const double ScanNanoseconds = 0.32;

    /// <summary>The same in a batch, where each block of codes is read once for many queries.</summary>
    private const double BatchScanNanoseconds = 0.12;

    /// <summary>A scan that is over sooner than a batch of scans is set up; lowered by tests.</summary>
    internal static int FewestDeferredRows { get; set; } = 1 << 16;

    /// <summary>Scanning one row of a window, and beginning a window: short runs cost more than one long run.</summary>
    private const double WindowRowNanoseconds = 0.42;

    private const double WindowNanoseconds = 40;

    /// <summary>A forced engine gets a longer leash, not an endless one: enumerating buckets can take 2^length steps.</summary>
    private const double ForcedPatience = 16;

    private readonly SearchEngine _engine;
    private readonly int _threads;
    private readonly bool _mayDefer;

    /// <param name="options">The caller's wishes.</param>
    /// <param name="mayDefer">Whether the query is one of a batch, which scans its queries together for less.</param>
    public Planner(SearchOptions options, bool mayDefer = false)
    {
        _engine = options.Engine;
        _threads = options.ThreadCount;
        _mayDefer = mayDefer;
    }

    private double ScanCost(Segment segment, int count) =>
        (double)count * segment.Words * (_mayDefer ? BatchScanNanoseconds : ScanNanoseconds / Math.Min(_threads, ScanTeam.UsefulThreads(segment, count)));

    /// <summary>Searches the first <paramref name="count"/> rows of a segment; false if it should be scanned together with other queries.</summary>
    public bool Search(Segment segment, int count, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        if (count == 0 || answer.Limit < 0) return true;
        ClusterTable? clusters = _engine is SearchEngine.Scan or SearchEngine.MultiIndex ? null : segment.Clusters;
        MultiIndexTable? table = _engine is SearchEngine.Scan or SearchEngine.Clusters ? null : segment.MultiIndex;
        bool isDone = clusters is not null ? SearchClusters(segment, clusters, table, count, query, ref answer, ref tally)
            : table is not null ? SearchBuckets(segment, table, count, query, ref answer, ref tally)
            : Scan(segment, count, query, _engine == SearchEngine.Scan ? null : "no structure was built for these codes", ref answer, ref tally);
        answer.SkipNothing();
        return isDone;
    }

    private bool SearchClusters(
        Segment segment, ClusterTable clusters, MultiIndexTable? table, int count, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        ClusterSearch search = new(segment, clusters, query, ref tally);
        (int from, int to) = search.VisitNearest(ref answer, ref tally);
        search.FindNear(answer.Limit);
        if (table is not null)
        {
            // The nearest centre bounds the answer from above; for codes that are not clustered far too high, so the radius where random codes
            // would fill the answer bounds the estimate too. Queries that are farther from everything are noticed on the way.
            int limit = answer.IsRange ? answer.Limit : Math.Min(answer.Limit, ExpectedRadius.Of(segment.Words * 64, count, answer.Room));
            (double rows, double centers) = search.CountRest(limit);
            double clusterCost = (rows * segment.Words * WindowRowNanoseconds) + (centers * WindowNanoseconds);
            MultiIndexSearch buckets = new(segment, table, query);
            double bucketCost = buckets.CostUpTo(limit), scanCost = ScanCost(segment, count);
            if (Math.Min(bucketCost, scanCost) < clusterCost)
            {
                answer.Skip(from, to);
                return bucketCost < scanCost
                    ? SearchBuckets(segment, table, count, query, ref answer, ref tally)
                    : Scan(segment, count, query, "answers are too far for clusters or buckets to leave much out", ref answer, ref tally);
            }
        }
        search.Finish(ref answer, ref tally);
        tally.Reason ??= "near codes lie in few clusters";
        tally.Answered(SearchEngine.Clusters, count);
        return true;
    }

    private bool SearchBuckets(
        Segment segment, MultiIndexTable table, int count, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        MultiIndexSearch search = new(segment, table, query);
        double scanCost = ScanCost(segment, count) * (_engine == SearchEngine.MultiIndex ? ForcedPatience : 1);
        int expected = ExpectedRadius.Of(segment.Words * 64, count, answer.Room);
        while (!search.IsDone(answer))
        {
            // The limit bounds the rest, but the first buckets leave it far too high: until they are past the radius where random codes
            // would fill the answer, that radius stands in.
            int radius = answer.IsRange ? answer.Limit : Math.Min(answer.Limit, Math.Max(expected, search.Complete + 1));
            if (search.CostUpTo(radius) > scanCost)
            {
                answer.Skip(search);
                return Scan(segment, count, query, "the buckets still to look into cost more than scanning every code", ref answer, ref tally);
            }
            search.Step(ref answer, ref tally);
        }
        tally.Reason ??= "near codes share buckets";
        tally.Answered(SearchEngine.MultiIndex, count);
        return true;
    }

    private bool Scan(Segment segment, int count, ulong* query, string? reason, ref Collector answer, ref SearchTally tally)
    {
        tally.Reason ??= reason;
        // Sparing a query of a batch from scanning alone pays once the rows are more than a block or two.
        if (_mayDefer && count >= FewestDeferredRows) return false;
        int threads = Math.Min(_threads, ScanTeam.UsefulThreads(segment, count));
        if (threads > 1) ScanTeam.Search(segment, count, query, threads, ref answer, ref tally);
        else ScanEngine.Search(segment, 0, count, query, ref answer, ref tally);
        tally.Answered(SearchEngine.Scan, count);
        return true;
    }
}
