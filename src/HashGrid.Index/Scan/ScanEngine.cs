using System.Runtime.CompilerServices;
using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Scan;

/// <summary>Looks at every code of a run of rows.</summary>
internal static unsafe class ScanEngine
{
    /// <summary>Two hits this close together mean that the next rows are better measured in one go than searched one by one.</summary>
    private const int DenseRows = 32;

    private const int BlockRows = 256;

    /// <summary>Offers every row in [from, to) that is near enough.</summary>
    [SkipLocalsInit]
    public static void Search(Segment segment, int from, int to, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        HammingKernel kernel = HammingKernels.Current;
        to = from + (int)tally.Take(to - from);
        ulong* codes = segment.Codes;
        int words = segment.Words;
        bool isAscending = segment.Ids.Kind == IdKind.Counted;
        ushort* distances = stackalloc ushort[BlockRows];
        for (nint row = from; answer.Limit >= 0;)
        {
            // With ids that only grow, a row as far as the worst neighbour kept cannot replace it: two thirds of all hits are such ties.
            int limit = isAscending ? answer.LimitFrom(segment.Ids.First + (ulong)row) : answer.Limit;
            if (limit < 0) return;
            nint hit = kernel.FirstWithin(query, words, codes, row, to, limit);
            if (hit >= to) return;
            answer.Offer(segment, (int)hit, ScalarKernel.Distance(query, codes + (hit * words), words));
            bool isDense = hit - row < DenseRows;
            row = hit + 1;
            if (!isDense) continue;
            int count = (int)Math.Min(BlockRows, to - row);
            kernel.Distances(
                new ReadOnlySpan<ulong>(query, words), new ReadOnlySpan<ulong>(codes + (row * words), count * words), new Span<ushort>(distances, count));
            for (int i = 0; i < count; i++)
            {
                if (distances[i] <= answer.Limit) answer.Offer(segment, (int)row + i, distances[i]);
            }
            row += count;
        }
    }
}
