using System.Runtime.Intrinsics;

namespace HashGrid.Index.Kernels;

/// <summary>Where the least of some distances is: of equal ones the first.</summary>
internal static class LeastValue
{
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
