using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HashGrid.Index.Kernels;

/// <summary>Turns 64 words into eleven vectors of six-bit fields: bytes side by side first, then fields cut from them.</summary>
internal static unsafe class SixBitLayout
{
    /// <summary>fields[f × 64 + i] = bits 6f .. 6f + 5 of words[i].</summary>
    [SkipLocalsInit]
    public static void Spread(ulong* words, byte* fields)
    {
        // rows[i]: byte b of words 8i .. 8i + 7 in lane b.
        Vector512<ulong> r0 = Gather(words, 0), r1 = Gather(words, 1), r2 = Gather(words, 2), r3 = Gather(words, 3);
        Vector512<ulong> r4 = Gather(words, 4), r5 = Gather(words, 5), r6 = Gather(words, 6), r7 = Gather(words, 7);
        (Vector512<ulong> a04, Vector512<ulong> a15, Vector512<ulong> a26, Vector512<ulong> a37) = Weave(r0, r1, r2, r3);
        (Vector512<ulong> b04, Vector512<ulong> b15, Vector512<ulong> b26, Vector512<ulong> b37) = Weave(r4, r5, r6, r7);
        Vector512<byte> b0 = Lower(a04, b04), b1 = Lower(a15, b15), b2 = Lower(a26, b26), b3 = Lower(a37, b37);
        Vector512<byte> b4 = Upper(a04, b04), b5 = Upper(a15, b15), b6 = Upper(a26, b26), b7 = Upper(a37, b37);
        Put(b0, fields, 0);
        Put((b0 >>> 6) | (b1 << 2), fields, 1);
        Put((b1 >>> 4) | (b2 << 4), fields, 2);
        Put(b2 >>> 2, fields, 3);
        Put(b3, fields, 4);
        Put((b3 >>> 6) | (b4 << 2), fields, 5);
        Put((b4 >>> 4) | (b5 << 4), fields, 6);
        Put(b5 >>> 2, fields, 7);
        Put(b6, fields, 8);
        Put((b6 >>> 6) | (b7 << 2), fields, 9);
        Put(b7 >>> 4, fields, 10);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Gather(ulong* words, int row)
    {
        Vector512<byte> order = Vector512.Create(
            (byte)0, 8, 16, 24, 32, 40, 48, 56, 1, 9, 17, 25, 33, 41, 49, 57, 2, 10, 18, 26, 34, 42, 50, 58, 3, 11, 19, 27, 35, 43, 51, 59,
            4, 12, 20, 28, 36, 44, 52, 60, 5, 13, 21, 29, 37, 45, 53, 61, 6, 14, 22, 30, 38, 46, 54, 62, 7, 15, 23, 31, 39, 47, 55, 63);
        return Avx512Vbmi.PermuteVar64x8(Vector512.Load((byte*)(words + (row * 8))), order).AsUInt64();
    }

    /// <summary>Four rows of eight lanes to four vectors, each the four rows' lane b and then their lane b + 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<ulong> B04, Vector512<ulong> B15, Vector512<ulong> B26, Vector512<ulong> B37) Weave(
        Vector512<ulong> r0, Vector512<ulong> r1, Vector512<ulong> r2, Vector512<ulong> r3)
    {
        Vector512<ulong> even01 = Avx512F.UnpackLow(r0, r1), odd01 = Avx512F.UnpackHigh(r0, r1);
        Vector512<ulong> even23 = Avx512F.UnpackLow(r2, r3), odd23 = Avx512F.UnpackHigh(r2, r3);
        Vector512<ulong> first = Vector512.Create(0UL, 1, 8, 9, 4, 5, 12, 13), second = Vector512.Create(2UL, 3, 10, 11, 6, 7, 14, 15);
        return (
            Avx512F.PermuteVar8x64x2(even01, first, even23),
            Avx512F.PermuteVar8x64x2(odd01, first, odd23),
            Avx512F.PermuteVar8x64x2(even01, second, even23),
            Avx512F.PermuteVar8x64x2(odd01, second, odd23));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Lower(Vector512<ulong> a, Vector512<ulong> b) => Avx512F.Shuffle4x128(a, b, 0x44).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Upper(Vector512<ulong> a, Vector512<ulong> b) => Avx512F.Shuffle4x128(a, b, 0xEE).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector512<byte> value, byte* fields, int f) => (value & Vector512.Create((byte)63)).Store(fields + (f * 64));
}
