using HashGrid.Index.Segments;

namespace HashGrid.Index.Clusters;

/// <summary>Groups codes around trained centres and sorts the rows by (centre, distance).</summary>
internal static unsafe class ClusterBuilder
{
    /// <summary>Trains centres and tells where every row goes.</summary>
    /// <param name="width">Width of the codes.</param>
    /// <param name="codes">Codes in their present order.</param>
    /// <param name="count">How many.</param>
    /// <param name="onlyIfClustered">Give up, with null, when a sample says that groups would prune nothing.</param>
    /// <param name="threads">Most threads to use.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <returns>The table, and order[new row] = present row.</returns>
    public static (ClusterTable Table, NativeBlock Order)? Build(
        CodeWidth width, ulong* codes, int count, bool onlyIfClustered, int threads, BuildReporter? progress = null)
    {
        int words = width.Words, centerCount = ClusterTrainer.ChooseCenters(count);
        if (onlyIfClustered && !LooksClustered(width, codes, count, threads)) return null;
        progress?.Begin(BuildStage.Centers, 0);
        (ulong[] centers, _) = ClusterTrainer.Train(words, codes, count, centerCount, threads);
        progress?.Begin(BuildStage.Clusters, count);
        int levels = width.Bits + 1;
        NativeBlock keys = NativeBlock.Allocate((long)count * sizeof(uint));
        uint* k = (uint*)keys.Pointer;
        ClusterAssigner.Assign(words, codes, count, centers, levels, k, threads, progress is null ? null : progress.Advance);

        progress?.Begin(BuildStage.Rows, 0);
        NativeBlock starts = NativeBlock.AllocateZeroed((((long)centerCount * levels) + 1) * sizeof(uint));
        NativeBlock order = NativeBlock.Allocate((long)count * sizeof(uint));
        uint* s = (uint*)starts.Pointer, o = (uint*)order.Pointer;
        for (int row = 0; row < count; row++)
        {
            s[k[row]]++;
            if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
        }
        uint end = 0;
        for (nint i = 0; i <= (nint)centerCount * levels; i++)
        {
            end += s[i];
            s[i] = end;
        }
        // From the back, so that rows keep their order within one (centre, distance).
        for (int row = count - 1; row >= 0; row--)
        {
            o[--s[k[row]]] = (uint)row;
            if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
        }
        keys.Free();

        NativeBlock centerBlock = NativeBlock.Allocate((long)centers.Length * sizeof(ulong));
        centers.CopyTo(new Span<ulong>(centerBlock.Pointer, centers.Length));
        return (new ClusterTable(width, centerBlock, starts, count), order);
    }

    /// <summary>Whether codes lie much nearer to their centres than random codes would.</summary>
    /// <remarks>
    /// A random code lies about B/2 − z·√B/2 from the nearest of some hundred centres; pruning starts to pay when the distance to the own centre is
    /// well below that to all others. Three quarters of the random figure was where clusters and multi-index cost the same at 64 bits.
    /// </remarks>
    private static bool LooksClustered(CodeWidth width, ulong* codes, int count, int threads)
    {
        int centers = Math.Min(1024, ClusterTrainer.ChooseCenters(count));
        (_, double mean) = ClusterTrainer.Train(width.Words, codes, count, centers, threads);
        double z = Math.Sqrt(2 * Math.Log(centers));
        double random = (width.Bits / 2.0) - (z * Math.Sqrt(width.Bits) / 2);
        return mean < 0.75 * random;
    }
}
