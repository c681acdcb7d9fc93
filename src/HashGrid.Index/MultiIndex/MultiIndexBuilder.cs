using HashGrid.Index.Segments;

namespace HashGrid.Index.MultiIndex;

/// <summary>Builds a <see cref="MultiIndexTable"/> by one counting sort a substring: count, sum, place.</summary>
internal static unsafe class MultiIndexBuilder
{
    /// <summary>Longest substring whose offsets are kept as a plain array: 2^24 × 4 bytes.</summary>
    private const int MaxLength = 24;

    /// <summary>How many substrings fit <paramref name="rows"/> codes of <paramref name="bits"/> bits.</summary>
    /// <remarks>
    /// Tables of about as many buckets as rows (length ≈ log2 n): shorter substrings give buckets full of strangers, longer ones empty buckets
    /// that are probed all the same.
    /// </remarks>
    public static int ChooseParts(int bits, long rows)
    {
        int length = Math.Clamp((int)Math.Round(Math.Log2(Math.Max(2, rows))), 8, MaxLength);
        return Math.Max((bits + MaxLength - 1) / MaxLength, (int)Math.Round((double)bits / length, MidpointRounding.AwayFromZero));
    }

    /// <summary>Builds the tables over the first <paramref name="count"/> rows of <paramref name="codes"/>.</summary>
    public static MultiIndexTable Build(CodeWidth width, ulong* codes, int count, int parts, int threads)
    {
        Substring[] substrings = Substring.Split(width.Bits, parts);
        var offsets = new NativeBlock[parts];
        var rows = new NativeBlock[parts];
        int words = width.Words;
        Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
        {
            Substring substring = substrings[part];
            offsets[part] = NativeBlock.AllocateZeroed(((1L << substring.Length) + 1) * sizeof(uint));
            rows[part] = NativeBlock.Allocate((long)count * sizeof(uint));
            Sort(substring, words, codes, count, (uint*)offsets[part].Pointer, (uint*)rows[part].Pointer);
        });
        return new MultiIndexTable(substrings, offsets, rows, count);
    }

    private static void Sort(Substring substring, int words, ulong* codes, int count, uint* offsets, uint* rows)
    {
        nint buckets = (nint)1 << substring.Length;
        for (int row = 0; row < count; row++) offsets[substring.Key(codes + ((nint)row * words))]++;
        uint start = 0;
        for (nint bucket = 0; bucket <= buckets; bucket++)
        {
            start += offsets[bucket];
            offsets[bucket] = start; // the end of the bucket; placing from the back turns it into the start
        }
        for (int row = count - 1; row >= 0; row--) rows[--offsets[substring.Key(codes + ((nint)row * words))]] = (uint)row;
    }
}
