using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HashGrid.Index.Kernels;

/// <summary>Codes laid out so that one byte permute compares six bits of 64 of them: for one query against the same few thousand codes again and again.</summary>
/// <remarks>
/// Each 64-bit word is cut into eleven fields of six bits, and field f of 64 codes lies in one vector. For a query, table f holds
/// popcount(v ^ query field f) for all 64 values v; one VPERMB looks up 64 codes at once. So 22 steps compare 64 codes, against 56 by
/// nibble shuffle and SAD. Sums are bytes that saturate: widths up to 192 bits are exact, so only those are taken.
/// </remarks>
internal sealed unsafe class SixBitCenters
{
    public const int FieldsPerWord = 11;
    private const int Lanes = 64;
    private readonly byte[] _fields; // blocks × (words × 11) × 64, pinned
    private readonly byte* _first;
    private readonly int _words;
    private readonly int _count;

    private SixBitCenters(ReadOnlySpan<ulong> codes, int words)
    {
        _words = words;
        _count = codes.Length / words;
        int blocks = (_count + Lanes - 1) / Lanes;
        _fields = GC.AllocateArray<byte>(blocks * words * FieldsPerWord * Lanes, pinned: true);
        _first = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_fields, 0);
        for (int i = 0; i < blocks * Lanes; i++)
        {
            // Spare lanes repeat the last code: a tie goes to the first, so they are never the answer.
            int code = Math.Min(i, _count - 1);
            for (int f = 0; f < words * FieldsPerWord; f++)
            {
                ulong value = codes[(code * words) + (f / FieldsPerWord)] >> (f % FieldsPerWord * 6);
                _fields[(((i / Lanes * words * FieldsPerWord) + f) * Lanes) + (i % Lanes)] = (byte)(value & 63);
            }
        }
    }

    /// <summary>Lays codes out, if this processor and width gain by it and no other kernel is forced.</summary>
    public static SixBitCenters? TryPack(ReadOnlySpan<ulong> codes, int words) =>
        Avx512Vbmi.IsSupported && words <= 3 && codes.Length > 0 && HammingKernels.Current.Name == Avx512Kernel.Name ? new SixBitCenters(codes, words) : null;

    /// <summary>The nearest of the codes, of equally near ones the first, and its distance in bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (int Index, ushort Distance) Nearest(ulong* query)
    {
        int fields = _words * FieldsPerWord, blocks = (_count + Lanes - 1) / Lanes;
        Vector512<byte>* tables = stackalloc Vector512<byte>[3 * FieldsPerWord];
        for (int f = 0; f < fields; f++)
        {
            byte value = (byte)((query[f / FieldsPerWord] >> (f % FieldsPerWord * 6)) & 63);
            tables[f] = Avx512Vbmi.PermuteVar64x8(Counts, Vector512.Xor(Iota, Vector512.Create(value)));
        }
        Vector512<byte> best = Vector512<byte>.AllBitsSet, bestBlock = Vector512<byte>.Zero;
        int bestIndex = 0, bestDistance = int.MaxValue;
        byte* p = _first;
        for (int block = 0; block < blocks; block++, p += fields * Lanes)
        {
            Vector512<byte> sum = _words == 1 ? Sum11(p, tables) : Sum(p, tables, fields);
            Vector512<byte> isNearer = Vector512.LessThan(sum, best);
            best = Vector512.Min(sum, best);
            bestBlock = Vector512.ConditionalSelect(isNearer, Vector512.Create((byte)block), bestBlock);
            if ((block & 255) != 255 && block + 1 < blocks) continue;
            // Block numbers are kept in bytes: settle every 256 blocks.
            int least = 255;
            for (int lane = 0; lane < Lanes; lane++) least = Math.Min(least, best[lane]);
            if (least < bestDistance)
            {
                bestDistance = least;
                int first = int.MaxValue;
                for (int lane = 0; lane < Lanes; lane++)
                {
                    if (best[lane] == least) first = Math.Min(first, (((block & ~255) + bestBlock[lane]) * Lanes) + lane);
                }
                bestIndex = first;
            }
            best = Vector512<byte>.AllBitsSet;
        }
        return (bestIndex, (ushort)bestDistance);
    }

    private static Vector512<byte> Iota => Vector512<byte>.Indices;

    /// <summary>popcount of 0 .. 63.</summary>
    private static Vector512<byte> Counts => Vector512.Create(
        (byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 1, 2, 2, 3, 2, 3, 3, 4, 2, 3, 3, 4, 3, 4, 4, 5,
        1, 2, 2, 3, 2, 3, 3, 4, 2, 3, 3, 4, 3, 4, 4, 5, 2, 3, 3, 4, 3, 4, 4, 5, 3, 4, 4, 5, 4, 5, 5, 6);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Sum11(byte* p, Vector512<byte>* t)
    {
        Vector512<byte> a = Look(p, t, 0) + Look(p, t, 1) + Look(p, t, 2) + Look(p, t, 3);
        Vector512<byte> b = Look(p, t, 4) + Look(p, t, 5) + Look(p, t, 6) + Look(p, t, 7);
        return a + b + (Look(p, t, 8) + Look(p, t, 9) + Look(p, t, 10));
    }

    private static Vector512<byte> Sum(byte* p, Vector512<byte>* tables, int fields)
    {
        Vector512<byte> sum = Vector512<byte>.Zero;
        for (int f = 0; f < fields; f++) sum += Look(p, tables, f);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Look(byte* p, Vector512<byte>* tables, int f) =>
        Avx512Vbmi.PermuteVar64x8(tables[f], Vector512.Load(p + (f * Lanes)));
}
