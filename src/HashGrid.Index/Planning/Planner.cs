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
internal static unsafe class Planner
{
    /// <summary>Scanning one word of a code from beyond the second-level cache.</summary>
    private const double ScanNanoseconds = 0.32;

    /// <summary>Scanning one row of a window, and beginning a window: short runs cost more than one long run.</summary>
    private const double WindowRowNanoseconds = 0.40;

    private const double WindowNanoseconds = 25;

    /// <summary>A forced engine gets a longer leash, not an endless one: enumerating buckets can take 2^length steps.</summary>
    private const double ForcedPatience = 16;

    /// <summary>Searches the first <paramref name="count"/> rows of a segment.</summary>
    public static void Search(Segment segment, int count, ulong* query, SearchEngine engine, ref Collector answer, ref SearchTally tally)
    {
        if (count == 0 || answer.Limit < 0) return;
        ClusterTable? clusters = engine is SearchEngine.Scan or SearchEngine.MultiIndex ? null : segment.Clusters;
        MultiIndexTable? table = engine is SearchEngine.Scan or SearchEngine.Clusters ? null : segment.MultiIndex;
        if (clusters is not null) SearchClusters(segment, clusters, table, count, query, ref answer, ref tally);
        else if (table is not null) SearchBuckets(segment, table, count, query, engine == SearchEngine.MultiIndex, ref answer, ref tally);
        else Scan(segment, count, query, engine == SearchEngine.Scan ? null : "no structure was built for these codes", ref answer, ref tally);
    }

    private static void SearchClusters(
        Segment segment, ClusterTable clusters, MultiIndexTable? table, int count, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        ClusterSearch search = new(segment, clusters, query, ref tally);
        (int from, int to) = search.VisitNearest(ref answer, ref tally);
        search.FindNear(answer.Limit);
        if (table is not null)
        {
            // An answer that is not full yet has no bound; then what random codes would need stands in.
            int limit = answer.HasBound ? answer.Limit : Math.Min(answer.Limit, ExpectedRadius.Of(segment.Words * 64, count, answer.Room));
            (double rows, double centers) = search.CountRest(limit);
            double clusterCost = (rows * segment.Words * WindowRowNanoseconds) + (centers * WindowNanoseconds);
            MultiIndexSearch buckets = new(segment, table, query);
            double bucketCost = buckets.CostUpTo(limit), scanCost = (double)count * segment.Words * ScanNanoseconds;
            if (Math.Min(bucketCost, scanCost) < clusterCost)
            {
                answer.Skip(from, to);
                if (bucketCost < scanCost) SearchBuckets(segment, table, count, query, false, ref answer, ref tally);
                else Scan(segment, count, query, "answers are too far for clusters or buckets to leave much out", ref answer, ref tally);
                answer.Skip(0, 0);
                return;
            }
        }
        search.Finish(ref answer, ref tally);
        tally.Reason ??= "near codes lie in few clusters";
        tally.Answered(SearchEngine.Clusters, count);
    }

    private static void SearchBuckets(
        Segment segment, MultiIndexTable table, int count, ulong* query, bool isForced, ref Collector answer, ref SearchTally tally)
    {
        MultiIndexSearch search = new(segment, table, query);
        double scanCost = (double)count * segment.Words * ScanNanoseconds * (isForced ? ForcedPatience : 1);
        int expected = ExpectedRadius.Of(segment.Words * 64, count, answer.Room);
        while (!search.IsDone(answer))
        {
            // The limit bounds the rest, but the first buckets leave it far too high: until they are past the radius where random codes
            // would fill the answer, that radius stands in.
            int radius = Math.Min(answer.Limit, Math.Max(expected, search.Complete + 1));
            if (search.CostUpTo(radius) > scanCost)
            {
                ScanRest(segment, count, query, search, ref answer, ref tally);
                return;
            }
            search.Step(ref answer, ref tally);
        }
        tally.Reason ??= "near codes share buckets";
        tally.Answered(SearchEngine.MultiIndex, count);
    }

    private static void Scan(Segment segment, int count, ulong* query, string? reason, ref Collector answer, ref SearchTally tally)
    {
        tally.Reason ??= reason;
        ScanEngine.Search(segment, 0, count, query, ref answer, ref tally);
        tally.Answered(SearchEngine.Scan, count);
    }

    /// <summary>Scans for what the buckets have not shown yet; rows met before are told by their substrings.</summary>
    private static void ScanRest(
        Segment segment, int count, ulong* query, MultiIndexSearch search, ref Collector answer, ref SearchTally tally)
    {
        Kernels.HammingKernel kernel = Kernels.HammingKernels.Current;
        tally.Candidates += count;
        tally.Reason ??= "the buckets still to look into cost more than scanning every code";
        tally.Answered(SearchEngine.Scan, count);
        for (nint row = 0; answer.Limit >= 0; row++)
        {
            row = kernel.FirstWithin(query, segment.Words, segment.Codes, row, count, answer.Limit);
            if (row >= count) return;
            ulong* code = segment.Code((int)row);
            if (!search.HasMet(code)) answer.Offer(segment, (int)row, Kernels.ScalarKernel.Distance(query, code, segment.Words));
        }
    }
}
