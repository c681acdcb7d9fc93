using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HashGrid.Index.Kernels;

/// <summary>32 bytes a step: nibbles counted by byte shuffle, bytes summed by SAD. For 64, 128 and multiples of 256 bits.</summary>
/// <remarks>At most 4 × 8 = 32 in a byte of the running counts. Other widths go to <see cref="ScalarKernel"/>.</remarks>
internal readonly unsafe struct Avx2Kernel : IHammingKernel
{
    private const int AheadBytes = 4096;

    public static string Name => "avx2";

    public static bool IsSupported => Avx2.IsSupported;

    private static Vector256<byte> NibbleCounts => Vector256.Create(Vector128.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));

    public static void Distances(ReadOnlySpan<ulong> query, ReadOnlySpan<ulong> codes, Span<ushort> distances)
    {
        int words = query.Length, i = 0;
        fixed (ulong* q = query, c = codes)
        {
            if (words == 1)
            {
                Vector256<byte> q1 = Vector256.Create(q[0]).AsByte();
                for (; i + 4 <= distances.Length; i += 4)
                {
                    Vector256<ulong> sums = Sad(Counts(c + i, q1));
                    for (int j = 0; j < 4; j++) distances[i + j] = (ushort)sums[j];
                }
            }
            else if (words % 4 == 0)
            {
                for (; i < distances.Length; i++) distances[i] = (ushort)Wide(q, c + ((nint)i * words), words);
            }
        }
        ScalarKernel.Distances(query, codes[(i * words)..], distances[i..]);
    }

    public static nint FirstWithin(ulong* query, int words, ulong* codes, nint from, nint to, int limit) => words switch
    {
        1 => First64(query, codes, from, to, limit),
        2 => First128(query, codes, from, to, limit),
        4 => First256(query, codes, from, to, limit),
        8 or 12 or 16 => FirstWide(query, words, codes, from, to, limit),
        _ => ScalarKernel.FirstWithin(query, words, codes, from, to, limit),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First64(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        // A 64-bit lane of a SAD result is below 2^16, so 32-bit minima and compares do (AVX2 has none for 64 bits).
        Vector256<byte> q = Vector256.Create(query[0]).AsByte();
        Vector256<uint> beyond = Vector256.Create((ulong)limit + 1).AsUInt32();
        nint i = from;
        for (; i + 16 <= to; i += 16)
        {
            ulong* p = codes + i;
            Sse.Prefetch0((byte*)p + AheadBytes);
            Sse.Prefetch0((byte*)p + AheadBytes + 64);
            Vector256<uint> least = Avx2.Min(
                Avx2.Min(Sad(Counts(p, q)).AsUInt32(), Sad(Counts(p + 4, q)).AsUInt32()),
                Avx2.Min(Sad(Counts(p + 8, q)).AsUInt32(), Sad(Counts(p + 12, q)).AsUInt32()));
            if (Avx2.CompareGreaterThan(beyond.AsInt32(), least.AsInt32()) != Vector256<int>.Zero) break;
        }
        return ScalarKernel.FirstWithin(query, 1, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First128(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        Vector256<byte> q = Vector256.Create(Vector128.Load(query)).AsByte();
        Vector256<uint> beyond = Vector256.Create((ulong)limit + 1).AsUInt32();
        nint i = from;
        for (; i + 4 <= to; i += 4)
        {
            ulong* p = codes + (i * 2);
            Sse.Prefetch0((byte*)p + AheadBytes);
            Vector256<ulong> a = Counts(p, q).AsUInt64(), b = Counts(p + 4, q).AsUInt64();
            Vector256<byte> pairs = Avx2.Add(Avx2.UnpackLow(a, b).AsByte(), Avx2.UnpackHigh(a, b).AsByte());
            if (Avx2.CompareGreaterThan(beyond.AsInt32(), Sad(pairs).AsInt32()) != Vector256<int>.Zero) break;
        }
        return ScalarKernel.FirstWithin(query, 2, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First256(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        Vector256<byte> q = Vector256.Load((byte*)query);
        Vector256<uint> beyond = Vector256.Create((ulong)limit + 1).AsUInt32();
        nint i = from;
        for (; i + 4 <= to; i += 4)
        {
            ulong* p = codes + (i * 4);
            Sse.Prefetch0((byte*)p + AheadBytes);
            Sse.Prefetch0((byte*)p + AheadBytes + 64);
            // Byte counts of a code's four words are added before the one SAD: pairs within 128 bits, then the halves.
            Vector256<ulong> ab = Pairs(Counts(p, q), Counts(p + 4, q)), cd = Pairs(Counts(p + 8, q), Counts(p + 12, q));
            Vector256<byte> sums = Avx2.Add(Avx2.Permute2x128(ab, cd, 0x20).AsByte(), Avx2.Permute2x128(ab, cd, 0x31).AsByte());
            if (Avx2.CompareGreaterThan(beyond.AsInt32(), Sad(sums).AsInt32()) != Vector256<int>.Zero) break;
        }
        return ScalarKernel.FirstWithin(query, 4, codes, i, to, limit);

        static Vector256<ulong> Pairs(Vector256<byte> x, Vector256<byte> y) => Avx2.Add(
            Avx2.UnpackLow(x.AsUInt64(), y.AsUInt64()).AsByte(), Avx2.UnpackHigh(x.AsUInt64(), y.AsUInt64()).AsByte()).AsUInt64();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint FirstWide(ulong* query, int words, ulong* codes, nint from, nint to, int limit)
    {
        for (nint i = from; i < to; i++)
        {
            ulong* p = codes + (i * words);
            Sse.Prefetch0((byte*)p + AheadBytes);
            if (Wide(query, p, words) <= limit) return i;
        }
        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Counts(ulong* p, Vector256<byte> query)
    {
        Vector256<byte> v = Avx2.Xor(Vector256.Load((byte*)p), query), mask = Vector256.Create((byte)0x0F);
        Vector256<byte> low = Avx2.And(v, mask), high = Avx2.And(Avx2.ShiftRightLogical(v.AsUInt16(), 4).AsByte(), mask);
        return Avx2.Add(Avx2.Shuffle(NibbleCounts, low), Avx2.Shuffle(NibbleCounts, high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Sad(Vector256<byte> counts) => Avx2.SumAbsoluteDifferences(counts, Vector256<byte>.Zero).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Wide(ulong* query, ulong* p, int words)
    {
        Vector256<byte> counts = Vector256<byte>.Zero;
        for (int w = 0; w < words; w += 4) counts = Avx2.Add(counts, Counts(p + w, Vector256.Load((byte*)(query + w))));
        return (int)Vector256.Sum(Sad(counts));
    }
}
