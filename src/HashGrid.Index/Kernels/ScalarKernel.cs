using System.Numerics;
using System.Runtime.CompilerServices;

namespace HashGrid.Index.Kernels;

/// <summary>Word by word with <see cref="BitOperations.PopCount(ulong)"/>: runs anywhere, and takes the tails of all others.</summary>
internal readonly unsafe struct ScalarKernel : IHammingKernel
{
    public static string Name => "scalar";

    public static bool IsSupported => true;

    public static void Distances(ReadOnlySpan<ulong> query, ReadOnlySpan<ulong> codes, Span<ushort> distances)
    {
        fixed (ulong* q = query, c = codes)
        {
            for (int i = 0; i < distances.Length; i++) distances[i] = (ushort)Distance(q, c + ((nint)i * query.Length), query.Length);
        }
    }

    /// <summary>popcount(a ^ b) over <paramref name="words"/> words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Distance(ulong* a, ulong* b, int words)
    {
        int sum = BitOperations.PopCount(a[0] ^ b[0]);
        for (int w = 1; w < words; w++) sum += BitOperations.PopCount(a[w] ^ b[w]);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static nint FirstWithin(ulong* query, int words, ulong* codes, nint from, nint to, int limit)
    {
        nint i = from;
        if (words == 1)
        {
            // Four popcounts and one branch a turn: one branch a code costs 1.4 times as much.
            ulong q = query[0];
            for (; i + 4 <= to; i += 4)
            {
                int a = BitOperations.PopCount(q ^ codes[i]), b = BitOperations.PopCount(q ^ codes[i + 1]);
                int c = BitOperations.PopCount(q ^ codes[i + 2]), d = BitOperations.PopCount(q ^ codes[i + 3]);
                if (Math.Min(Math.Min(a, b), Math.Min(c, d)) <= limit) break;
            }
        }
        for (; i < to; i++)
        {
            if (Distance(query, codes + (i * words), words) <= limit) return i;
        }
        return to;
    }
}
