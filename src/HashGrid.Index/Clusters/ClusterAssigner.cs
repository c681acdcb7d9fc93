using HashGrid.Index.Kernels;

namespace HashGrid.Index.Clusters;

/// <summary>Finds the nearest centre of each code: of equally near ones the first.</summary>
internal static unsafe class ClusterAssigner
{
    private const int RowsPerTask = 16_384;

    /// <summary>assigned[i] = nearest centre of code i, distances[i] = how far; on several threads.</summary>
    public static void Assign(
        int words, ulong* codes, int count, ulong[] centers, int[] assigned, ushort[] distances, int threads)
    {
        int tasks = (count + RowsPerTask - 1) / RowsPerTask;
        SixBitBlock? packed = SixBitBlock.TryCreate(words, centers.Length / words);
        if (packed is not null)
        {
            fixed (ulong* c = centers) packed.Fill(c, centers.Length / words);
        }
        Parallel.For(0, tasks, new ParallelOptions { MaxDegreeOfParallelism = threads }, task =>
        {
            int from = task * RowsPerTask, to = Math.Min(count, from + RowsPerTask);
            var buffer = new ushort[centers.Length / words];
            for (int row = from; row < to; row++)
            {
                ulong* code = codes + ((nint)row * words);
                (assigned[row], distances[row]) = packed is not null ? packed.Nearest(code) : Nearest(new ReadOnlySpan<ulong>(code, words), centers, buffer);
            }
        });
    }

    private static (int Center, ushort Distance) Nearest(ReadOnlySpan<ulong> code, ulong[] centers, ushort[] buffer)
    {
        HammingKernels.Current.Distances(code, centers, buffer);
        int best = 0;
        for (int i = 1; i < buffer.Length; i++)
        {
            if (buffer[i] < buffer[best]) best = i;
        }
        return (best, buffer[best]);
    }
}
