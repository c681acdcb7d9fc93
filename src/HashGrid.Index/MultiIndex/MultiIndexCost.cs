namespace HashGrid.Index.MultiIndex;

/// <summary>What looking into buckets costs, in nanoseconds, counted from the number of buckets and the rows in them.</summary>
/// <param name="FirstRows">Rows in a bucket of substring 0.</param>
/// <param name="OtherRows">Rows in a bucket of another substring.</param>
/// <param name="IsInOrder">Whether rows lie in the order of substring 0, so that its buckets are runs of codes.</param>
/// <param name="RowNanoseconds">Measuring a code that lies anywhere.</param>
/// <remarks>
/// The constants were measured on 10M 64-bit codes, where offsets and codes are beyond the second-level cache, and on 100M, where they are beyond all
/// of them; only their ratio to the cost of scanning matters, since engines are compared with each other.
/// </remarks>
internal readonly record struct MultiIndexCost(double FirstRows, double OtherRows, bool IsInOrder, double RowNanoseconds)
{
    private const double ProbeNanoseconds = 10;
    private const double CachedRowNanoseconds = 6;
    private const double FarRowNanoseconds = 15;
    private const double RunNanoseconds = 25;
    private const double RunRowNanoseconds = 0.6;

    /// <summary>More bytes than last-level caches have: reading there costs twice as much in sequence, and more at random.</summary>
    public const long FarBytes = 256 << 20;

    /// <summary>Buckets of random codes.</summary>
    public static MultiIndexCost OfRandom(Substring[] parts, long rows, int bits) =>
        new(rows / Math.Pow(2, parts[0].Length), rows / Math.Pow(2, parts[^1].Length), true, RowCost(rows * ((bits + 63) / 64) * sizeof(ulong)));

    /// <summary>What measuring a code anywhere in that many bytes costs.</summary>
    public static double RowCost(long bytes) => bytes > FarBytes ? FarRowNanoseconds : CachedRowNanoseconds;

    /// <summary>One level: all buckets of one substring at <paramref name="flips"/> differing bits.</summary>
    public double Of(Substring substring, int part, int flips) => Binomial(substring.Length, flips) *
        (part > 0 ? ProbeNanoseconds + (RowNanoseconds * OtherRows)
            : IsInOrder ? RunNanoseconds + (RunRowNanoseconds * FirstRows)
            : ProbeNanoseconds + (RowNanoseconds * FirstRows));

    /// <summary>C(n, k) as a double.</summary>
    private static double Binomial(int n, int k)
    {
        if (k > n) return 0;
        double result = 1;
        for (int i = 1; i <= k; i++) result = result * (n - k + i) / i;
        return result;
    }
}
