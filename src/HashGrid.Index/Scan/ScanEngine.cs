using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Scan;

/// <summary>Looks at every code of a run of rows.</summary>
internal static unsafe class ScanEngine
{
    /// <summary>Offers every row in [from, to) that is near enough.</summary>
    public static void Search(Segment segment, int from, int to, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        HammingKernel kernel = HammingKernels.Current;
        tally.Candidates += to - from;
        ulong* codes = segment.Codes;
        int words = segment.Words;
        bool isAscending = segment.Ids.Kind == IdKind.Counted;
        for (nint row = from; answer.Limit >= 0; row++)
        {
            // With ids that only grow, a row as far as the worst neighbour kept cannot replace it: two thirds of all hits are such ties.
            int limit = isAscending ? answer.LimitFrom(segment.Ids.First + (ulong)row) : answer.Limit;
            if (limit < 0) return;
            row = kernel.FirstWithin(query, words, codes, row, to, limit);
            if (row >= to) return;
            answer.Offer(segment, (int)row, ScalarKernel.Distance(query, codes + (row * words), words));
        }
    }
}
