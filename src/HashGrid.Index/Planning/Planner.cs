using HashGrid.Index.MultiIndex;
using HashGrid.Index.Scan;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Planning;

/// <summary>Chooses how a query walks a segment, from counted cost, and changes its mind while it runs.</summary>
/// <remarks>The unit of cost is one code scanned.</remarks>
internal static unsafe class Planner
{
    /// <summary>Cost of looking into one bucket, its share of rows included: two cache misses, overlapped by prefetch.</summary>
    private const double ProbeCost = 24;

    private const double CandidateCost = 12;

    private const double ForcedPatience = 16;

    /// <summary>Searches the first <paramref name="count"/> rows of a segment.</summary>
    public static void Search(Segment segment, int count, ulong* query, SearchEngine engine, ref Collector answer, ref SearchTally tally)
    {
        if (count == 0 || answer.Limit < 0) return;
        MultiIndexTable? table = segment.MultiIndex;
        if (table is null || engine == SearchEngine.Scan)
        {
            if (engine != SearchEngine.Scan) tally.Reason ??= "no structure was built for these codes";
            ScanEngine.Search(segment, 0, count, query, ref answer, ref tally);
            tally.Answered(SearchEngine.Scan, count);
            return;
        }
        MultiIndexSearch search = new(segment, table, query);
        double spent = 0;
        while (!search.IsDone(answer))
        {
            double next = search.NextProbes * (ProbeCost + (CandidateCost * count / table.Parts[0].Mask));
            // A forced engine gets a longer leash, not an endless one: a full enumeration of buckets can be 2^length steps.
            if (spent + next > (engine == SearchEngine.Auto ? 1.0 : ForcedPatience) * count)
            {
                tally.Reason ??= "the next buckets cost more than scanning every code";
                ScanRest(segment, count, query, search, ref answer, ref tally);
                return;
            }
            spent += next;
            search.Step(ref answer, ref tally);
        }
        tally.Reason ??= "near codes share buckets";
        tally.Answered(SearchEngine.MultiIndex, count);
    }

    /// <summary>Scans for what the buckets have not shown yet; rows met before are told by their substrings.</summary>
    private static void ScanRest(
        Segment segment, int count, ulong* query, MultiIndexSearch search, ref Collector answer, ref SearchTally tally)
    {
        var kernel = Kernels.HammingKernels.Current;
        tally.Candidates += count;
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
