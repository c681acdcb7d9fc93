using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace HashGrid.Index.Kernels;

/// <summary>16 bytes a step: CNT counts every byte, pairwise widening adds sum them. Even word counts; 64 bits two codes a step.</summary>
/// <remarks>At most 8 × 8 = 64 in a byte of the running counts. Odd widths above 64 bits go to <see cref="ScalarKernel"/>.</remarks>
internal readonly unsafe struct ArmKernel : IHammingKernel
{
    public static string Name => "arm";

    public static bool IsSupported => AdvSimd.Arm64.IsSupported;

    public static void Distances(ReadOnlySpan<ulong> query, ReadOnlySpan<ulong> codes, Span<ushort> distances)
    {
        int words = query.Length, i = 0;
        fixed (ulong* q = query, c = codes)
        {
            if (words == 1)
            {
                for (; i + 2 <= distances.Length; i += 2)
                {
                    Vector128<ulong> sums = Pair(c + i, Vector128.Create(q[0]));
                    distances[i] = (ushort)sums[0];
                    distances[i + 1] = (ushort)sums[1];
                }
            }
            else if (words % 2 == 0)
            {
                for (; i < distances.Length; i++) distances[i] = (ushort)Wide(q, c + ((nint)i * words), words);
            }
        }
        ScalarKernel.Distances(query, codes[(i * words)..], distances[i..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static nint FirstWithin(ulong* query, int words, ulong* codes, nint from, nint to, int limit)
    {
        nint i = from;
        if (words == 1)
        {
            Vector128<ulong> q = Vector128.Create(query[0]), most = Vector128.Create((ulong)limit);
            for (; i + 4 <= to; i += 4)
            {
                if (Vector128.LessThanOrEqualAny(Vector128.Min(Pair(codes + i, q), Pair(codes + i + 2, q)), most)) break;
            }
        }
        else if (words % 2 == 0)
        {
            for (; i < to; i++)
            {
                if (Wide(query, codes + (i * words), words) <= limit) return i;
            }
        }
        return ScalarKernel.FirstWithin(query, words, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Pair(ulong* p, Vector128<ulong> query)
    {
        Vector128<byte> counts = AdvSimd.PopCount(Vector128.Xor(Vector128.Load(p), query).AsByte());
        return AdvSimd.AddPairwiseWidening(AdvSimd.AddPairwiseWidening(AdvSimd.AddPairwiseWidening(counts)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Wide(ulong* query, ulong* p, int words)
    {
        Vector128<byte> counts = Vector128<byte>.Zero;
        for (int w = 0; w < words; w += 2)
        {
            counts = AdvSimd.Add(counts, AdvSimd.PopCount(Vector128.Xor(Vector128.Load(p + w), Vector128.Load(query + w)).AsByte()));
        }
        return AdvSimd.Arm64.AddAcrossWidening(counts).ToScalar();
    }
}
