using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HashGrid.Index.Kernels;

/// <summary>64 bytes a step: nibbles counted by byte shuffle, bytes summed by SAD.</summary>
/// <remarks>
/// .NET 10 exposes no VPOPCNTDQ. Count of a byte = table[low nibble] + table[high nibble]; XOR and AND are one ternary-logic step each. Byte counts
/// of up to four words are added before the one SAD (at most 4 × 8 = 32 in a byte), so 128 and 256 bits cost one SAD for eight codes.
/// Other widths: multiples of 512 bits step through whole vectors (at most 2 × 8 = 16 in a byte), the rest go to <see cref="ScalarKernel"/>,
/// whose one POPCNT a word is faster than masked vectors for 3, 5, 6 and 7 words.
/// </remarks>
internal readonly unsafe struct Avx512Kernel : IHammingKernel
{
    /// <summary>How far ahead of the loads lines are asked for, in bytes: worth up to 1.3 times from memory, free in cache.</summary>
    private const int AheadBytes = 4096;

    private const byte XorThenAnd = 0x28;

    public static string Name => "avx512";

    public static bool IsSupported => Avx512BW.IsSupported && Avx512F.IsSupported;

    private static Vector512<byte> NibbleCounts => Vector512.Create(Vector256.Create(Vector128.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4)));

    private static Vector512<byte> LowNibble => Vector512.Create((byte)0x0F);

    public static void Distances(ReadOnlySpan<ulong> query, ReadOnlySpan<ulong> codes, Span<ushort> distances)
    {
        int words = query.Length, whole = words is 1 or 2 or 4 ? distances.Length & ~7 : words % 8 == 0 ? distances.Length : 0;
        fixed (ulong* q = query, c = codes)
        {
            fixed (ushort* d = distances)
            {
                Vector512<byte> low = words <= 4 && whole > 0 ? Repeat(q, words) : default, high = High(low);
                for (int i = 0; i < whole; i += words <= 4 ? 8 : 1)
                {
                    ulong* p = c + ((nint)i * words);
                    switch (words)
                    {
                        case 1: Store(Sums64(p, low, high), d + i); break;
                        case 2: Store(Sums128(p, low, high), d + i); break;
                        case 4: Store(Sums256(p, low, high), d + i); break;
                        default: d[i] = (ushort)Wide(q, p, words); break;
                    }
                }
            }
        }
        ScalarKernel.Distances(query, codes[(whole * words)..], distances[whole..]);
    }

    public static nint FirstWithin(ulong* query, int words, ulong* codes, nint from, nint to, int limit) => words switch
    {
        1 => First64(query, codes, from, to, limit),
        2 => First128(query, codes, from, to, limit),
        4 => First256(query, codes, from, to, limit),
        8 or 16 => FirstWide(query, words, codes, from, to, limit),
        _ => ScalarKernel.FirstWithin(query, words, codes, from, to, limit),
    };

    // In each loop below the group that holds a hit, and the tail, are left to the scalar kernel, which says which row it is.

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First64(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        Vector512<byte> low = Repeat(query, 1), high = High(low);
        Vector512<ulong> most = Vector512.Create((ulong)limit);
        nint i = from;
        for (; i + 32 <= to; i += 32)
        {
            ulong* p = codes + i;
            Ahead((byte*)p, 4);
            Vector512<ulong> least = Vector512.Min(
                Vector512.Min(Sums64(p, low, high), Sums64(p + 8, low, high)),
                Vector512.Min(Sums64(p + 16, low, high), Sums64(p + 24, low, high)));
            if (Vector512.LessThanOrEqualAny(least, most)) return ScalarKernel.FirstWithin(query, 1, codes, i, to, limit);
        }
        for (; i + 8 <= to; i += 8)
        {
            if (Vector512.LessThanOrEqualAny(Sums64(codes + i, low, high), most)) break;
        }
        return ScalarKernel.FirstWithin(query, 1, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First128(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        Vector512<byte> low = Repeat(query, 2), high = High(low);
        Vector512<ulong> most = Vector512.Create((ulong)limit);
        nint i = from;
        for (; i + 16 <= to; i += 16)
        {
            ulong* p = codes + (i * 2);
            Ahead((byte*)p, 4);
            if (Vector512.LessThanOrEqualAny(Vector512.Min(Sums128(p, low, high), Sums128(p + 16, low, high)), most)) break;
        }
        return ScalarKernel.FirstWithin(query, 2, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First256(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        Vector512<byte> low = Repeat(query, 4), high = High(low);
        Vector512<ulong> most = Vector512.Create((ulong)limit);
        nint i = from;
        for (; i + 8 <= to; i += 8)
        {
            ulong* p = codes + (i * 4);
            Ahead((byte*)p, 4);
            if (Vector512.LessThanOrEqualAny(Sums256(p, low, high), most)) break;
        }
        return ScalarKernel.FirstWithin(query, 4, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint FirstWide(ulong* query, int words, ulong* codes, nint from, nint to, int limit)
    {
        for (nint i = from; i < to; i++)
        {
            ulong* p = codes + (i * words);
            Ahead((byte*)p, words / 8);
            if (Wide(query, p, words) <= limit) return i;
        }
        return to;
    }

    /// <summary>The query, repeated to fill a vector; words is 1, 2 or 4.</summary>
    private static Vector512<byte> Repeat(ulong* query, int words) => words switch
    {
        1 => Vector512.Create(query[0]).AsByte(),
        2 => Vector512.Create(query[0], query[1], query[0], query[1], query[0], query[1], query[0], query[1]).AsByte(),
        _ => Vector512.Create(Vector256.Load(query)).AsByte(),
    };

    /// <summary>The high nibbles moved to where the low ones are (bits of the neighbour byte are masked off later).</summary>
    private static Vector512<byte> High(Vector512<byte> v) => Vector512.ShiftRightLogical(v.AsUInt16(), 4).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Counts(ulong* p, Vector512<byte> low, Vector512<byte> high)
    {
        Vector512<byte> v = Vector512.Load((byte*)p);
        Vector512<byte> lo = Avx512F.TernaryLogic(v, low, LowNibble, XorThenAnd);
        Vector512<byte> hi = Avx512F.TernaryLogic(High(v), high, LowNibble, XorThenAnd);
        return Avx512BW.Add(Avx512BW.Shuffle(NibbleCounts, lo), Avx512BW.Shuffle(NibbleCounts, hi));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sad(Vector512<byte> counts) =>
        Avx512BW.SumAbsoluteDifferences(counts, Vector512<byte>.Zero).AsUInt64();

    /// <summary>Distances of 8 codes of one word, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sums64(ulong* p, Vector512<byte> low, Vector512<byte> high) => Sad(Counts(p, low, high));

    /// <summary>Distances of 8 codes of two words, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sums128(ulong* p, Vector512<byte> low, Vector512<byte> high)
    {
        Vector512<ulong> a = Counts(p, low, high).AsUInt64(), b = Counts(p + 8, low, high).AsUInt64();
        Vector512<ulong> even = Vector512.Create(0UL, 2, 4, 6, 8, 10, 12, 14), odd = Vector512.Create(1UL, 3, 5, 7, 9, 11, 13, 15);
        return Sad(Vector512.Add(
            Avx512F.PermuteVar8x64x2(a, even, b).AsByte(), Avx512F.PermuteVar8x64x2(a, odd, b).AsByte()));
    }

    /// <summary>Distances of 8 codes of four words, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sums256(ulong* p, Vector512<byte> low, Vector512<byte> high)
    {
        Vector512<ulong> even = Vector512.Create(0UL, 2, 4, 6, 8, 10, 12, 14), odd = Vector512.Create(1UL, 3, 5, 7, 9, 11, 13, 15);
        Vector512<ulong> ab = Halve(Counts(p, low, high), Counts(p + 8, low, high), even, odd);
        Vector512<ulong> cd = Halve(Counts(p + 16, low, high), Counts(p + 24, low, high), even, odd);
        return Sad(Halve(ab.AsByte(), cd.AsByte(), even, odd).AsByte());

        static Vector512<ulong> Halve(Vector512<byte> x, Vector512<byte> y, Vector512<ulong> even, Vector512<ulong> odd) => Vector512.Add(
            Avx512F.PermuteVar8x64x2(x.AsUInt64(), even, y.AsUInt64()).AsByte(),
            Avx512F.PermuteVar8x64x2(x.AsUInt64(), odd, y.AsUInt64()).AsByte()).AsUInt64();
    }

    /// <summary>Distance of one code of 8 or 16 words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Wide(ulong* query, ulong* p, int words)
    {
        Vector512<byte> counts = Vector512<byte>.Zero;
        for (int w = 0; w < words; w += 8)
        {
            Vector512<byte> q = Vector512.Load((byte*)(query + w));
            counts = Avx512BW.Add(counts, Counts(p + w, q, High(q)));
        }
        return (int)Vector512.Sum(Sad(counts));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<ulong> distances, ushort* destination) => Avx512F.ConvertToVector128UInt16(distances).Store(destination);

    /// <summary>Asks for the lines that will be read <see cref="AheadBytes"/> later; a prefetch beyond the block is no access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(byte* p, int lines)
    {
        for (int i = 0; i < lines; i++) Sse.Prefetch0(p + AheadBytes + (64 * i));
    }
}
