namespace HashGrid.Index.Tests.Support;

/// <summary>Random codes from a seed.</summary>
internal static class CodeGenerator
{
    public static ulong[] Uniform(int seed, int count, CodeWidth width)
    {
        var random = new Random(seed);
        var codes = new ulong[count * width.Words];
        for (int i = 0; i < codes.Length; i++) codes[i] = (ulong)random.NextInt64() ^ ((ulong)random.NextInt64() << 32);
        Clear(codes, width);
        return codes;
    }

    /// <summary>Codes around a few centres, each bit flipped with probability <paramref name="flip"/>; a query set shares seed and centres.</summary>
    public static ulong[] Clustered(int seed, int count, CodeWidth width, int centers = 20, double flip = 0.1, int stream = 0)
    {
        ulong[] middle = Uniform(seed, centers, width);
        var random = new Random(HashCode.Combine(seed, stream));
        var codes = new ulong[count * width.Words];
        for (int i = 0; i < count; i++)
        {
            int center = random.Next(centers);
            for (int bit = 0; bit < width.Bits; bit++)
            {
                ulong value = (middle[(center * width.Words) + (bit / 64)] >> (bit % 64)) & 1;
                if (random.NextDouble() < flip) value ^= 1;
                codes[(i * width.Words) + (bit / 64)] |= value << (bit % 64);
            }
        }
        return codes;
    }

    private static void Clear(ulong[] codes, CodeWidth width)
    {
        if (width.Bits % 64 == 0) return;
        for (int i = width.Words - 1; i < codes.Length; i += width.Words) codes[i] &= (1UL << (width.Bits % 64)) - 1;
    }
}
