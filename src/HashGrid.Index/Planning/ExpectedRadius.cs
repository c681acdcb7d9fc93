namespace HashGrid.Index.Planning;

/// <summary>How far one has to look among random codes.</summary>
internal static class ExpectedRadius
{
    /// <summary>The distance within which <paramref name="k"/> of <paramref name="rows"/> random codes are expected, in bits.</summary>
    public static int Of(int bits, long rows, int k)
    {
        double term = Math.Pow(0.5, bits), sum = term; // C(bits, d) / 2^bits; 2^-1024 is still a number, if a subnormal one
        int radius = 0;
        while (sum * rows < k && radius < bits)
        {
            term = term * (bits - radius) / ++radius;
            sum += term;
        }
        return radius;
    }
}
