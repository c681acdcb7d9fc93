using System.Runtime.Intrinsics;

namespace HashGrid.Index.Kernels;

/// <summary>Finds small values among distances.</summary>
internal static unsafe class LeastValue
{
    /// <summary>The first of values[from .. to) that is at most <paramref name="limit"/>; <paramref name="to"/> if none.</summary>
    public static int FirstWithin(ushort* values, int from, int to, int limit)
    {
        if (limit < 0) return to;
        Vector256<ushort> most = Vector256.Create((ushort)limit);
        for (; from + Vector256<ushort>.Count <= to; from += Vector256<ushort>.Count)
        {
            uint hits = Vector256.LessThanOrEqual(Vector256.Load(values + from), most).ExtractMostSignificantBits();
            if (hits != 0) return from + System.Numerics.BitOperations.TrailingZeroCount(hits);
        }
        while (from < to && values[from] > limit) from++;
        return from;
    }


    /// <summary>Where the least is: of equal ones the first.</summary>
    public static int IndexIn(ReadOnlySpan<ushort> values)
    {
        Vector256<ushort> least = Vector256.Create(ushort.MaxValue);
        int i = 0, best = ushort.MaxValue;
        for (; i + Vector256<ushort>.Count <= values.Length; i += Vector256<ushort>.Count) least = Vector256.Min(least, Vector256.Create(values[i..]));
        for (int lane = 0; lane < Vector256<ushort>.Count; lane++) best = Math.Min(best, least[lane]);
        for (; i < values.Length; i++) best = Math.Min(best, values[i]);
        return values.IndexOf((ushort)best);
    }
}
