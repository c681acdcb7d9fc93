using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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

    /// <summary>popcount of 0 .. 15, repeated to fill a vector, then 0x0F in each byte.</summary>
    /// <remarks>
    /// Read from memory on purpose: a constant the compiler knows is built anew for each step (a broadcast and two inserts), which competes
    /// with the shuffles for their one port; what it does not know stays in a register. Worth 1.2 times from memory, 2.5 times in cache.
    /// </remarks>
    private static readonly byte* Constants = MakeConstants();

    private static byte* MakeConstants()
    {
        byte* to = (byte*)NativeMemory.AlignedAlloc(128, 64); // for the life of the process
        for (int i = 0; i < 64; i++) (to[i], to[64 + i]) = ((byte)BitOperations.PopCount((uint)i % 16), 0x0F);
        return to;
    }

    public static void Distances(ReadOnlySpan<ulong> query, ReadOnlySpan<ulong> codes, Span<ushort> distances)
    {
        int words = query.Length, whole = words is 1 or 2 or 4 ? distances.Length & ~7 : words % 8 == 0 ? distances.Length : 0;
        fixed (ulong* q = query, c = codes)
        {
            fixed (ushort* d = distances)
            {
                Query repeated = new(words <= 4 && whole > 0 ? Repeat(q, words) : default);
                for (int i = 0; i < whole; i += words <= 4 ? 8 : 1)
                {
                    ulong* p = c + ((nint)i * words);
                    switch (words)
                    {
                        case 1: Store(Sums64(p, repeated), d + i); break;
                        case 2: Store(Sums128(p, repeated), d + i); break;
                        case 4: Store(Sums256(p, repeated), d + i); break;
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
        Query q = new(Repeat(query, 1));
        Vector512<ulong> most = Vector512.Create((ulong)limit);
        nint i = from;
        for (; i + 32 <= to; i += 32)
        {
            ulong* p = codes + i;
            Ahead((byte*)p, 4);
            Vector512<ulong> least = Vector512.Min(
                Vector512.Min(Sums64(p, q), Sums64(p + 8, q)),
                Vector512.Min(Sums64(p + 16, q), Sums64(p + 24, q)));
            if (Vector512.LessThanOrEqualAny(least, most)) return ScalarKernel.FirstWithin(query, 1, codes, i, to, limit);
        }
        for (; i + 8 <= to; i += 8)
        {
            if (Vector512.LessThanOrEqualAny(Sums64(codes + i, q), most)) break;
        }
        return ScalarKernel.FirstWithin(query, 1, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First128(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        Query q = new(Repeat(query, 2));
        Vector512<ulong> most = Vector512.Create((ulong)limit);
        nint i = from;
        for (; i + 16 <= to; i += 16)
        {
            ulong* p = codes + (i * 2);
            Ahead((byte*)p, 4);
            if (Vector512.LessThanOrEqualAny(Vector512.Min(Sums128(p, q), Sums128(p + 16, q)), most)) break;
        }
        return ScalarKernel.FirstWithin(query, 2, codes, i, to, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static nint First256(ulong* query, ulong* codes, nint from, nint to, int limit)
    {
        Query q = new(Repeat(query, 4));
        Vector512<ulong> most = Vector512.Create((ulong)limit);
        nint i = from;
        for (; i + 8 <= to; i += 8)
        {
            ulong* p = codes + (i * 4);
            Ahead((byte*)p, 4);
            if (Vector512.LessThanOrEqualAny(Sums256(p, q), most)) break;
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

    /// <summary>What a step needs beside the codes: four registers.</summary>
    private readonly struct Query
    {
        public readonly Vector512<byte> Low, High, Table, Nibble;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Query(Vector512<byte> query) => (Low, High, Table, Nibble) = (query, Avx512Kernel.High(query), Vector512.Load(Constants), Vector512.Load(Constants + 64));
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
    private static Vector512<byte> Counts(ulong* p, in Query q)
    {
        Vector512<byte> v = Vector512.Load((byte*)p);
        Vector512<byte> lo = Avx512F.TernaryLogic(v, q.Low, q.Nibble, XorThenAnd);
        Vector512<byte> hi = Avx512F.TernaryLogic(High(v), q.High, q.Nibble, XorThenAnd);
        return Avx512BW.Add(Avx512BW.Shuffle(q.Table, lo), Avx512BW.Shuffle(q.Table, hi));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sad(Vector512<byte> counts) =>
        Avx512BW.SumAbsoluteDifferences(counts, Vector512<byte>.Zero).AsUInt64();

    /// <summary>Distances of 8 codes of one word, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sums64(ulong* p, in Query q) => Sad(Counts(p, q));

    /// <summary>Distances of 8 codes of two words, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sums128(ulong* p, in Query q)
    {
        Vector512<ulong> a = Counts(p, q).AsUInt64(), b = Counts(p + 8, q).AsUInt64();
        Vector512<ulong> even = Vector512.Create(0UL, 2, 4, 6, 8, 10, 12, 14), odd = Vector512.Create(1UL, 3, 5, 7, 9, 11, 13, 15);
        return Sad(Vector512.Add(
            Avx512F.PermuteVar8x64x2(a, even, b).AsByte(), Avx512F.PermuteVar8x64x2(a, odd, b).AsByte()));
    }

    /// <summary>Distances of 8 codes of four words, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Sums256(ulong* p, in Query q)
    {
        Vector512<ulong> even = Vector512.Create(0UL, 2, 4, 6, 8, 10, 12, 14), odd = Vector512.Create(1UL, 3, 5, 7, 9, 11, 13, 15);
        Vector512<ulong> ab = Halve(Counts(p, q), Counts(p + 8, q), even, odd);
        Vector512<ulong> cd = Halve(Counts(p + 16, q), Counts(p + 24, q), even, odd);
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
            Query q = new(Vector512.Load((byte*)(query + w)));
            counts = Avx512BW.Add(counts, Counts(p + w, q));
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
