using HashGrid.Index;

namespace HashGrid.CommandLine.Bench;

/// <summary>Codes to measure on where there are none at hand: deterministic from a seed.</summary>
internal static class MadeCodes
{
    /// <summary>What can be made.</summary>
    public static string[] Kinds => ["uniform", "clustered", "overlapping"];

    /// <summary>count × words words.</summary>
    /// <param name="kind">
    /// uniform: every bit at random. clustered: 2000 centres, each with its own chance of 0.08 to 0.15 that a bit is flipped, as learned hash codes
    /// are. overlapping: 500 centres, chance 0.2 to 0.3, sizes by a power law.
    /// </param>
    /// <param name="width">Width of the codes.</param>
    /// <param name="count">How many.</param>
    /// <param name="stream">0 for the codes to store; others give new points of the same centres.</param>
    public static ulong[] Make(string kind, CodeWidth width, int count, int stream)
    {
        var random = new Random(20281 + stream);
        int words = width.Words, bits = width.Bits, centerCount = kind == "overlapping" ? 500 : 2000;
        var codes = new ulong[(long)count * words];
        if (kind == "uniform")
        {
            for (int i = 0; i < count; i++) Fill(random, codes.AsSpan(i * words, words), bits);
            return codes;
        }
        var shared = new Random(20280);
        var centers = new ulong[centerCount * words];
        var flip = new double[centerCount];
        for (int c = 0; c < centerCount; c++)
        {
            Fill(shared, centers.AsSpan(c * words, words), bits);
            flip[c] = kind == "overlapping" ? 0.2 + (0.1 * shared.NextDouble()) : 0.08 + (0.07 * shared.NextDouble());
        }
        for (int i = 0; i < count; i++)
        {
            double u = random.NextDouble();
            int center = (int)(centerCount * (kind == "overlapping" ? u * u * u : u));
            Span<ulong> code = codes.AsSpan(i * words, words);
            centers.AsSpan(center * words, words).CopyTo(code);
            // From one flipped bit to the next: a geometric step, not one draw a bit.
            double scale = 1 / Math.Log(1 - flip[center]);
            for (double bit = Math.Log(1 - random.NextDouble()) * scale; bit < bits; bit += 1 + (Math.Log(1 - random.NextDouble()) * scale)) code[(int)bit / 64] ^= 1UL << ((int)bit % 64);
        }
        return codes;
    }

    /// <summary>Labels of codes: bit i on one code in every[i]. Empty if there are none.</summary>
    public static ulong[] Labels(int count, int[] every)
    {
        if (every.Length == 0) return [];
        var labels = new ulong[count];
        for (int label = 0; label < every.Length; label++)
        {
            for (long row = label % every[label]; row < count; row += every[label]) labels[row] |= 1UL << label;
        }
        return labels;
    }

    private static void Fill(Random random, Span<ulong> code, int bits)
    {
        foreach (ref ulong word in code) word = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        if (bits % 64 != 0) code[^1] &= (1UL << (bits % 64)) - 1;
    }
}
