namespace HashGrid.Index.MultiIndex;

/// <summary>What looking into buckets costs, in nanoseconds, counted from the number of buckets and the rows in them.</summary>
/// <remarks>
/// The two constants were measured on 10M 64-bit codes, where offsets and codes are beyond the second-level cache; only their ratio to the
/// cost of scanning matters, since engines are compared with each other.
/// </remarks>
internal static class MultiIndexCost
{
    private const double ProbeNanoseconds = 10;
    private const double RowNanoseconds = 6;

    /// <summary>One step: all buckets of one substring at <paramref name="flips"/> differing bits.</summary>
    public static double Step(int flips, Substring part, double bucketRows) =>
        Binomial(part.Length, flips) * (ProbeNanoseconds + (RowNanoseconds * bucketRows));

    /// <summary>All steps until everything within <paramref name="radius"/> is known, on random codes.</summary>
    public static double UpTo(int radius, Substring[] parts, long rows) =>
        Between(0, 0, radius, parts, rows / Math.Pow(2, parts[^1].Length));

    /// <summary>The steps from (flips, part) on until everything within <paramref name="radius"/> is known.</summary>
    public static double Between(int flips, int part, int radius, Substring[] parts, double bucketRows)
    {
        double cost = 0;
        int m = parts.Length, last = parts[0].Length;
        while (flips <= last && (flips * m) + part - 1 < radius)
        {
            cost += Step(flips, parts[part], bucketRows);
            if (++part < m) continue;
            part = 0;
            flips++;
        }
        return cost;
    }

    /// <summary>C(n, k) as a double.</summary>
    private static double Binomial(int n, int k)
    {
        if (k > n) return 0;
        double result = 1;
        for (int i = 1; i <= k; i++) result = result * (n - k + i) / i;
        return result;
    }
}
