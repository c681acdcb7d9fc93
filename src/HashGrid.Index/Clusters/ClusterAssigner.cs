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
                if (packed is null)
                {
                    HammingKernels.Current.Distances(new ReadOnlySpan<ulong>(code, words), centers, buffer);
                    assigned[row] = LeastValue.IndexIn(buffer);
                    distances[row] = buffer[assigned[row]];
                    continue;
                }
                (assigned[row], distances[row]) = packed.Nearest(code);
                // Which centre a code belongs to is a matter of taste; how far it is from it has to be exact.
                if (distances[row] == byte.MaxValue)
                {
                    fixed (ulong* c = &centers[assigned[row] * words]) distances[row] = (ushort)ScalarKernel.Distance(code, c, words);
                }
            }
        });
    }
}
