using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>8 × 8 coefficients to 8 × 8 pixels in whole numbers, to the last bit as libjpeg's accurate transform does.</summary>
/// <remarks>
/// Each pass takes 8 rows of 8 lanes and works on all lanes at once: columns, then, the block turned on its side, rows.
/// Source: Loeffler, Ligtenberg, Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP 1989; constants of 13 bits, two more bits kept between the passes.
/// </remarks>
internal static class WholeBlock
{
    private const int ConstantBits = 13, KeptBits = 2;

    /// <summary>Writes a block's pixels, whole numbers of 0 to 255.</summary>
    /// <param name="block">64 coefficients, row by row.</param>
    /// <param name="plane">Receives 8 rows of 8 values.</param>
    /// <param name="stride">Values from one row to the next.</param>
    [SkipLocalsInit]
    public static void Transform(ReadOnlySpan<int> block, Span<float> plane, int stride)
    {
        _ = block[63];
        _ = plane[(7 * stride) + 7];
        ref int from = ref MemoryMarshal.GetReference(block);
        ref float to = ref MemoryMarshal.GetReference(plane);
        Vector256<int> x0 = Vector256.LoadUnsafe(ref from), x1 = Vector256.LoadUnsafe(ref from, 8), x2 = Vector256.LoadUnsafe(ref from, 16), x3 = Vector256.LoadUnsafe(ref from, 24);
        Vector256<int> x4 = Vector256.LoadUnsafe(ref from, 32), x5 = Vector256.LoadUnsafe(ref from, 40), x6 = Vector256.LoadUnsafe(ref from, 48), x7 = Vector256.LoadUnsafe(ref from, 56);
        Pass(ref x0, ref x1, ref x2, ref x3, ref x4, ref x5, ref x6, ref x7, ConstantBits - KeptBits);
        Turn(ref x0, ref x1, ref x2, ref x3, ref x4, ref x5, ref x6, ref x7);
        Pass(ref x0, ref x1, ref x2, ref x3, ref x4, ref x5, ref x6, ref x7, ConstantBits + KeptBits + 3);
        Turn(ref x0, ref x1, ref x2, ref x3, ref x4, ref x5, ref x6, ref x7);
        Store(x0, ref to);
        Store(x1, ref Unsafe.Add(ref to, stride));
        Store(x2, ref Unsafe.Add(ref to, 2 * stride));
        Store(x3, ref Unsafe.Add(ref to, 3 * stride));
        Store(x4, ref Unsafe.Add(ref to, 4 * stride));
        Store(x5, ref Unsafe.Add(ref to, 5 * stride));
        Store(x6, ref Unsafe.Add(ref to, 6 * stride));
        Store(x7, ref Unsafe.Add(ref to, 7 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> row, ref float to) =>
        Vector256.ConvertToSingle(Vector256.Max(Vector256.Min(row + Vector256.Create(128), Vector256.Create(255)), Vector256<int>.Zero)).StoreUnsafe(ref to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(
        ref Vector256<int> x0, ref Vector256<int> x1, ref Vector256<int> x2, ref Vector256<int> x3, ref Vector256<int> x4, ref Vector256<int> x5, ref Vector256<int> x6, ref Vector256<int> x7, int shift)
    {
        Vector256<int> sum = (x2 + x6) * 4433;
        Vector256<int> even2 = sum - (x6 * 15137), even3 = sum + (x2 * 6270);
        Vector256<int> even0 = (x0 + x4) << ConstantBits, even1 = (x0 - x4) << ConstantBits;
        Vector256<int> a0 = even0 + even3, a3 = even0 - even3, a1 = even1 + even2, a2 = even1 - even2;

        Vector256<int> z1 = (x7 + x1) * -7373, z2 = (x5 + x3) * -20995, z3 = x7 + x3, z4 = x5 + x1;
        Vector256<int> z5 = (z3 + z4) * 9633;
        z3 = (z3 * -16069) + z5;
        z4 = (z4 * -3196) + z5;
        Vector256<int> b0 = (x7 * 2446) + z1 + z3, b1 = (x5 * 16819) + z2 + z4, b2 = (x3 * 25172) + z2 + z3, b3 = (x1 * 12299) + z1 + z4;

        Vector256<int> half = Vector256.Create(1 << (shift - 1));
        (a0, a1, a2, a3) = (a0 + half, a1 + half, a2 + half, a3 + half);
        (x0, x7) = ((a0 + b3) >> shift, (a0 - b3) >> shift);
        (x1, x6) = ((a1 + b2) >> shift, (a1 - b2) >> shift);
        (x2, x5) = ((a2 + b1) >> shift, (a2 - b1) >> shift);
        (x3, x4) = ((a3 + b0) >> shift, (a3 - b0) >> shift);
    }

    /// <summary>Rows to columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(ref Vector256<int> x0, ref Vector256<int> x1, ref Vector256<int> x2, ref Vector256<int> x3, ref Vector256<int> x4, ref Vector256<int> x5, ref Vector256<int> x6, ref Vector256<int> x7)
    {
        if (!Avx2.IsSupported)
        {
            Span<Vector256<int>> rows = [x0, x1, x2, x3, x4, x5, x6, x7];
            Span<int> values = MemoryMarshal.Cast<Vector256<int>, int>(rows);
            for (int row = 1; row < 8; row++)
                for (int column = 0; column < row; column++)
                    (values[(row * 8) + column], values[(column * 8) + row]) = (values[(column * 8) + row], values[(row * 8) + column]);
            (x0, x1, x2, x3, x4, x5, x6, x7) = (rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]);
            return;
        }
        // Pairs of rows, then fours, then the two halves.
        Vector256<long> a0 = Avx2.UnpackLow(x0, x1).AsInt64(), a1 = Avx2.UnpackHigh(x0, x1).AsInt64(), a2 = Avx2.UnpackLow(x2, x3).AsInt64(), a3 = Avx2.UnpackHigh(x2, x3).AsInt64();
        Vector256<long> a4 = Avx2.UnpackLow(x4, x5).AsInt64(), a5 = Avx2.UnpackHigh(x4, x5).AsInt64(), a6 = Avx2.UnpackLow(x6, x7).AsInt64(), a7 = Avx2.UnpackHigh(x6, x7).AsInt64();
        Vector256<int> b0 = Avx2.UnpackLow(a0, a2).AsInt32(), b1 = Avx2.UnpackHigh(a0, a2).AsInt32(), b2 = Avx2.UnpackLow(a1, a3).AsInt32(), b3 = Avx2.UnpackHigh(a1, a3).AsInt32();
        Vector256<int> b4 = Avx2.UnpackLow(a4, a6).AsInt32(), b5 = Avx2.UnpackHigh(a4, a6).AsInt32(), b6 = Avx2.UnpackLow(a5, a7).AsInt32(), b7 = Avx2.UnpackHigh(a5, a7).AsInt32();
        (x0, x4) = (Avx2.Permute2x128(b0, b4, 0x20), Avx2.Permute2x128(b0, b4, 0x31));
        (x1, x5) = (Avx2.Permute2x128(b1, b5, 0x20), Avx2.Permute2x128(b1, b5, 0x31));
        (x2, x6) = (Avx2.Permute2x128(b2, b6, 0x20), Avx2.Permute2x128(b2, b6, 0x31));
        (x3, x7) = (Avx2.Permute2x128(b3, b7, 0x20), Avx2.Permute2x128(b3, b7, 0x31));
    }
}
