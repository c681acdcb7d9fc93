using System.Numerics;
using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Scan;

/// <summary>Looks at every row's labels, and at the codes of those rows only that carry one: for labels that few rows have.</summary>
internal static unsafe class LabelScan
{
    /// <summary>Offers the first <paramref name="count"/> rows that carry one of the labels.</summary>
    public static void Search(Segment segment, int count, ulong* query, ulong anyOf, ref Collector answer, ref SearchTally tally)
    {
        if (segment.Labels.Block is not { } block) return;
        ulong* labels = (ulong*)block.Pointer;
        Vector<ulong> mask = new(anyOf);
        int row = 0;
        while (row < count)
        {
            while (row + Vector<ulong>.Count <= count && (Vector.Load(labels + row) & mask) == Vector<ulong>.Zero) row += Vector<ulong>.Count;
            for (int end = Math.Min(count, row + Vector<ulong>.Count); row < end; row++)
            {
                if ((labels[row] & anyOf) == 0) continue;
                if (tally.Take(1) == 0) return;
                answer.Offer(segment, row, ScalarKernel.Distance(query, segment.Code(row), segment.Words));
            }
        }
    }
}
