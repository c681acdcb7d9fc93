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
        Lanes rows = default;
        for (int i = 0; i < 8; i++) rows[i] = Vector256.LoadUnsafe(ref from, (nuint)(i * 8));
        Pass(ref rows, ConstantBits - KeptBits);
        Turn(ref rows);
        Pass(ref rows, ConstantBits + KeptBits + 3);
        Turn(ref rows);
        for (int i = 0; i < 8; i++)
        {
            Vector256<int> pixels = Vector256.Max(Vector256.Min(rows[i] + Vector256.Create(128), Vector256.Create(255)), Vector256<int>.Zero);
            Vector256.ConvertToSingle(pixels).StoreUnsafe(ref to, (nuint)(i * stride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(ref Lanes x, int shift)
    {
        Vector256<int> sum = (x[2] + x[6]) * 4433;
        Vector256<int> even2 = sum - (x[6] * 15137), even3 = sum + (x[2] * 6270);
        Vector256<int> even0 = (x[0] + x[4]) << ConstantBits, even1 = (x[0] - x[4]) << ConstantBits;
        Vector256<int> a0 = even0 + even3, a3 = even0 - even3, a1 = even1 + even2, a2 = even1 - even2;

        Vector256<int> z1 = (x[7] + x[1]) * -7373, z2 = (x[5] + x[3]) * -20995, z3 = x[7] + x[3], z4 = x[5] + x[1];
        Vector256<int> z5 = (z3 + z4) * 9633;
        z3 = (z3 * -16069) + z5;
        z4 = (z4 * -3196) + z5;
        Vector256<int> b0 = (x[7] * 2446) + z1 + z3, b1 = (x[5] * 16819) + z2 + z4, b2 = (x[3] * 25172) + z2 + z3, b3 = (x[1] * 12299) + z1 + z4;

        Vector256<int> half = Vector256.Create(1 << (shift - 1));
        (a0, a1, a2, a3) = (a0 + half, a1 + half, a2 + half, a3 + half);
        (x[0], x[7]) = ((a0 + b3) >> shift, (a0 - b3) >> shift);
        (x[1], x[6]) = ((a1 + b2) >> shift, (a1 - b2) >> shift);
        (x[2], x[5]) = ((a2 + b1) >> shift, (a2 - b1) >> shift);
        (x[3], x[4]) = ((a3 + b0) >> shift, (a3 - b0) >> shift);
    }

    /// <summary>Rows to columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(ref Lanes x)
    {
        if (!Avx2.IsSupported)
        {
            for (int row = 1; row < 8; row++)
            {
                for (int column = 0; column < row; column++)
                {
                    int one = x[row].GetElement(column), other = x[column].GetElement(row);
                    x[row] = x[row].WithElement(column, other);
                    x[column] = x[column].WithElement(row, one);
                }
            }
            return;
        }
        // Pairs of rows, then fours, then the two halves.
        Vector256<long> a0 = Avx2.UnpackLow(x[0], x[1]).AsInt64(), a1 = Avx2.UnpackHigh(x[0], x[1]).AsInt64(), a2 = Avx2.UnpackLow(x[2], x[3]).AsInt64(), a3 = Avx2.UnpackHigh(x[2], x[3]).AsInt64();
        Vector256<long> a4 = Avx2.UnpackLow(x[4], x[5]).AsInt64(), a5 = Avx2.UnpackHigh(x[4], x[5]).AsInt64(), a6 = Avx2.UnpackLow(x[6], x[7]).AsInt64(), a7 = Avx2.UnpackHigh(x[6], x[7]).AsInt64();
        Vector256<int> b0 = Avx2.UnpackLow(a0, a2).AsInt32(), b1 = Avx2.UnpackHigh(a0, a2).AsInt32(), b2 = Avx2.UnpackLow(a1, a3).AsInt32(), b3 = Avx2.UnpackHigh(a1, a3).AsInt32();
        Vector256<int> b4 = Avx2.UnpackLow(a4, a6).AsInt32(), b5 = Avx2.UnpackHigh(a4, a6).AsInt32(), b6 = Avx2.UnpackLow(a5, a7).AsInt32(), b7 = Avx2.UnpackHigh(a5, a7).AsInt32();
        (x[0], x[4]) = (Avx2.Permute2x128(b0, b4, 0x20), Avx2.Permute2x128(b0, b4, 0x31));
        (x[1], x[5]) = (Avx2.Permute2x128(b1, b5, 0x20), Avx2.Permute2x128(b1, b5, 0x31));
        (x[2], x[6]) = (Avx2.Permute2x128(b2, b6, 0x20), Avx2.Permute2x128(b2, b6, 0x31));
        (x[3], x[7]) = (Avx2.Permute2x128(b3, b7, 0x20), Avx2.Permute2x128(b3, b7, 0x31));
    }

    [InlineArray(8)]
    private struct Lanes
    {
        private Vector256<int> _first;
    }
}
