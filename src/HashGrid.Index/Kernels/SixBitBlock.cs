using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Kernels;

/// <summary>Codes laid out so that one byte permute compares six bits of 64 of them: for codes that meet many queries.</summary>
/// <remarks>
/// Each word is cut into eleven fields of six bits, and field f of 64 codes lies in one vector. For a query, table f holds
/// popcount(v ^ query field f) for all 64 values v, so one VPERMB looks up 64 codes: 22 steps for 64 codes against 56 by nibble shuffle and SAD,
/// and one compare for 64 codes instead of eight. Laying out costs about as much as two queries. Sums are bytes that
/// saturate, so at most 4 words: a distance of 256 reads as 255, and who needs it exactly counts again.
/// </remarks>
internal sealed unsafe class SixBitBlock
{
    public const int MaxWords = 4;
    private const int FieldsPerWord = 11;
    private const int Lanes = 64;

    private readonly NativeBlock _fields; // groups × (words × 11) × 64 bytes
    private readonly int _words;

    private SixBitBlock(int words, int capacity)
    {
        _words = words;
        _fields = NativeBlock.Allocate((long)Groups(capacity) * GroupBytes);
    }

    /// <summary>Codes it holds now.</summary>
    public int Count { get; private set; }

    private int GroupBytes => _words * FieldsPerWord * Lanes;

    /// <summary>popcount of 0 .. 63.</summary>
    private static Vector512<byte> Counts => Vector512.Create(
        (byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 1, 2, 2, 3, 2, 3, 3, 4, 2, 3, 3, 4, 3, 4, 4, 5,
        1, 2, 2, 3, 2, 3, 3, 4, 2, 3, 3, 4, 3, 4, 4, 5, 2, 3, 3, 4, 3, 4, 4, 5, 3, 4, 4, 5, 4, 5, 5, 6);

    /// <summary>Room for codes, if this processor and width gain by it and no other kernel is forced; else null.</summary>
    public static SixBitBlock? TryCreate(int words, int capacity) =>
        Avx512Vbmi.IsSupported && words <= MaxWords && HammingKernels.Current.Name == Avx512Kernel.Name ? new SixBitBlock(words, capacity) : null;

    /// <summary>Lays out codes in place of those it held.</summary>
    public void Fill(ulong* codes, int count)
    {
        Count = count;
        ulong* column = stackalloc ulong[Lanes];
        for (int group = 0; group < Groups(count); group++)
        {
            byte* to = _fields.Pointer + ((nint)group * GroupBytes);
            int first = group * Lanes, valid = Math.Min(Lanes, count - first);
            for (int word = 0; word < _words; word++)
            {
                if (_words == 1 && valid == Lanes)
                {
                    SixBitLayout.Spread(codes + first, to);
                    continue;
                }
                // Spare lanes repeat the last code.
                for (int lane = 0; lane < Lanes; lane++) column[lane] = codes[((nint)(first + Math.Min(lane, valid - 1)) * _words) + word];
                SixBitLayout.Spread(column, to + (word * FieldsPerWord * Lanes));
            }
        }
    }

    /// <summary>The next group of 64 codes at or after <paramref name="group"/> with a code within the limit, and which; Groups if none.</summary>
    /// <param name="tables">Made by <see cref="MakeTables"/> from the query.</param>
    /// <param name="group">Where to begin.</param>
    /// <param name="limit">Largest distance that matters, in bits.</param>
    /// <param name="hits">One bit for each code of the group that is near enough.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int FirstWithin(byte* tables, int group, int limit, out ulong hits)
    {
        int groups = Groups(Count), fields = _words * FieldsPerWord;
        Vector512<byte> most = Vector512.Create((byte)Math.Min(limit, byte.MaxValue));
        byte* p = _fields.Pointer + ((nint)group * GroupBytes);
        for (; group < groups; group++, p += GroupBytes)
        {
            Vector512<byte> sum = Sum(p, tables);
            for (int f = FieldsPerWord; f < fields; f += FieldsPerWord) sum = Avx512BW.AddSaturate(sum, Sum(p + (f * Lanes), tables + (f * Lanes)));
            hits = Vector512.LessThanOrEqual(sum, most).ExtractMostSignificantBits();
            if (hits == 0) continue;
            int valid = Count - (group * Lanes);
            if (valid < Lanes) hits &= (1UL << valid) - 1;
            if (hits != 0) return group;
        }
        hits = 0;
        return groups;
    }

    /// <summary>The nearest code, of equally near ones the first, and its distance in bits, at most 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (int Index, ushort Distance) Nearest(ulong* query)
    {
        byte* tables = stackalloc byte[TableBytes(MaxWords) + Lanes];
        tables = (byte*)(((nuint)tables + Lanes - 1) & ~(nuint)(Lanes - 1));
        MakeTables(query, _words, tables);
        // The tables of the first word stay in registers; with one word that is all of them.
        Vector512<byte> t0 = Vector512.Load(tables), t1 = Vector512.Load(tables + Lanes), t2 = Vector512.Load(tables + (2 * Lanes));
        Vector512<byte> t3 = Vector512.Load(tables + (3 * Lanes)), t4 = Vector512.Load(tables + (4 * Lanes)), t5 = Vector512.Load(tables + (5 * Lanes));
        Vector512<byte> t6 = Vector512.Load(tables + (6 * Lanes)), t7 = Vector512.Load(tables + (7 * Lanes)), t8 = Vector512.Load(tables + (8 * Lanes));
        Vector512<byte> t9 = Vector512.Load(tables + (9 * Lanes)), t10 = Vector512.Load(tables + (10 * Lanes));
        int groups = Groups(Count), fields = _words * FieldsPerWord, bestIndex = 0, bestDistance = int.MaxValue;
        Vector512<byte> best = Vector512<byte>.AllBitsSet, bestGroup = Vector512<byte>.Zero, number = bestGroup, one = Vector512<byte>.One;
        byte* p = _fields.Pointer;
        for (int group = 0; group < groups; group++, p += GroupBytes)
        {
            Vector512<byte> sum = Look(p, t0, 0) + Look(p, t1, 1) + Look(p, t2, 2) + (Look(p, t3, 3) + Look(p, t4, 4) + Look(p, t5, 5)) +
                (Look(p, t6, 6) + Look(p, t7, 7) + Look(p, t8, 8) + (Look(p, t9, 9) + Look(p, t10, 10)));
            for (int f = FieldsPerWord; f < fields; f += FieldsPerWord) sum = Avx512BW.AddSaturate(sum, Sum(p + (f * Lanes), tables + (f * Lanes)));
            bestGroup = Vector512.ConditionalSelect(Vector512.LessThan(sum, best), number, bestGroup);
            best = Vector512.Min(sum, best);
            number += one;
            if ((group & 255) != 255 && group + 1 < groups) continue;
            // Group numbers are kept in bytes: settle every 256 groups. A spare lane ties with the last code, which comes before it.
            int least = Least(best);
            if (least < bestDistance)
            {
                bestDistance = least;
                bestIndex = int.MaxValue;
                ulong lanes = Vector512.Equals(best, Vector512.Create((byte)least)).ExtractMostSignificantBits();
                for (; lanes != 0; lanes &= lanes - 1)
                {
                    int lane = System.Numerics.BitOperations.TrailingZeroCount(lanes);
                    bestIndex = Math.Min(bestIndex, (((group & ~255) + bestGroup[lane]) * Lanes) + lane);
                }
            }
            best = Vector512<byte>.AllBitsSet;
        }
        return (bestIndex, (ushort)bestDistance);
    }

    /// <summary>Bytes that the tables of one query take.</summary>
    public static int TableBytes(int words) => words * FieldsPerWord * Lanes;

    /// <summary>Writes the tables of one query.</summary>
    public static void MakeTables(ulong* query, int words, byte* tables)
    {
        for (int f = 0; f < words * FieldsPerWord; f++)
        {
            byte value = (byte)((query[f / FieldsPerWord] >> (f % FieldsPerWord * 6)) & 63);
            Avx512Vbmi.PermuteVar64x8(Counts, Vector512.Xor(Vector512<byte>.Indices, Vector512.Create(value))).Store(tables + (f * Lanes));
        }
    }

    public static int Groups(int count) => (count + Lanes - 1) / Lanes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Sum(byte* p, byte* t)
    {
        Vector512<byte> a = Look(p, t, 0) + Look(p, t, 1) + Look(p, t, 2) + Look(p, t, 3);
        Vector512<byte> b = Look(p, t, 4) + Look(p, t, 5) + Look(p, t, 6) + Look(p, t, 7);
        return a + b + (Look(p, t, 8) + Look(p, t, 9) + Look(p, t, 10));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Look(byte* p, byte* tables, int f) =>
        Avx512Vbmi.PermuteVar64x8(Vector512.Load(tables + (f * Lanes)), Vector512.Load(p + (f * Lanes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Look(byte* p, Vector512<byte> table, int f) =>
        Avx512Vbmi.PermuteVar64x8(table, Vector512.Load(p + (f * Lanes)));

    private static int Least(Vector512<byte> values)
    {
        Vector256<byte> half = Vector256.Min(values.GetLower(), values.GetUpper());
        Vector128<ushort> quarter = Vector128.Min(half.GetLower(), half.GetUpper()).AsUInt16();
        return Sse41.MinHorizontal(Vector128.Min(quarter.AsByte(), (quarter >>> 8).AsByte()).AsUInt16() & Vector128.Create((ushort)0xFF)).ToScalar();
    }
}
