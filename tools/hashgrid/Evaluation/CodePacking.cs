using HashGrid.Index;

namespace HashGrid.CommandLine.Evaluation;

/// <summary>Real-valued outputs to words of bits.</summary>
internal static class CodePacking
{
    /// <summary>u [N, k] row by row → N × width.Words words; a bit is u ≥ 0.</summary>
    /// <param name="values">N · k values.</param>
    /// <param name="width">The codes' width: the first bits of each row are taken.</param>
    /// <param name="rowBits">k; 0: the width.</param>
    public static ulong[] Pack(float[] values, CodeWidth width, int rowBits = 0)
    {
        int stride = rowBits == 0 ? width.Bits : rowBits, rows = values.Length / stride;
        ulong[] codes = new ulong[rows * width.Words];
        for (int row = 0; row < rows; row++)
            for (int bit = 0; bit < width.Bits; bit++)
                if (values[(row * stride) + bit] >= 0)
                    codes[(row * width.Words) + (bit / 64)] |= 1UL << (bit % 64);
        return codes;
    }
}
