using HashGrid.Index.Kernels;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Clusters;

/// <summary>Finds the nearest centre of each code: of equally near ones the first.</summary>
internal static unsafe class ClusterAssigner
{
    private const int RowsPerTask = 16_384;

    /// <summary>A mask: each row meets every centre, which takes up to a microsecond.</summary>
    private const int RowsBetweenBreaks = 511;

    /// <summary>keys[i] = c × levels + d for code i, whose nearest centre is number c at distance d; on several threads.</summary>
    /// <param name="words">Words a code.</param>
    /// <param name="codes">Count × words words.</param>
    /// <param name="count">Codes.</param>
    /// <param name="centers">Centres × words words.</param>
    /// <param name="levels">Distances that there are: bits + 1.</param>
    /// <param name="keys">Room for one number a code.</param>
    /// <param name="threads">Most threads to use.</param>
    /// <param name="advance">Told the rows done, from several threads.</param>
    public static void Assign(
        int words, ulong* codes, int count, ulong[] centers, int levels, uint* keys, int threads, Action<int>? advance = null)
    {
        int tasks = (int)((count + (long)RowsPerTask - 1) / RowsPerTask);
        SixBitBlock? packed = SixBitBlock.TryCreate(words, centers.Length / words);
        if (packed is not null)
        {
            fixed (ulong* c = centers) packed.Fill(c, centers.Length / words);
        }
        Parallel.For(0, tasks, new ParallelOptions { MaxDegreeOfParallelism = threads }, task =>
        {
            int from = task * RowsPerTask, to = (int)Math.Min(count, (long)from + RowsPerTask);
            ushort[] buffer = packed is null ? new ushort[centers.Length / words] : [];
            for (int row = from; row < to; row++)
            {
                if ((row & RowsBetweenBreaks) == 0) BackgroundPriority.GiveWay();
                ulong* code = codes + ((nint)row * words);
                (int nearest, int distance) = packed is null ? Nearest(words, code, centers, buffer) : packed.Nearest(code);
                // Which centre a code belongs to is a matter of taste; how far it is from it has to be exact.
                if (packed is not null && distance == byte.MaxValue)
                {
                    fixed (ulong* c = &centers[nearest * words]) distance = ScalarKernel.Distance(code, c, words);
                }
                keys[row] = (uint)((nearest * levels) + distance);
            }
            advance?.Invoke(to - from);
        });
    }

    private static (int Index, int Distance) Nearest(int words, ulong* code, ulong[] centers, ushort[] buffer)
    {
        HammingKernels.Current.Distances(new ReadOnlySpan<ulong>(code, words), centers, buffer);
        int nearest = LeastValue.IndexIn(buffer);
        return (nearest, buffer[nearest]);
    }
}
