namespace HashGrid.Model.Evaluation;

/// <summary>Student's t distribution, as far as two-sided 95 % intervals need it.</summary>
internal static class StudentT
{
    private const double Normal = 1.959964;

    private static readonly double[] Few = // the expansion below is not near enough yet
    [
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    ];

    /// <summary>The 97.5 % quantile.</summary>
    /// <param name="freedom">Degrees of freedom, 1 or more.</param>
    /// <remarks>From 11 on by the expansion of Cornish and Fisher in 1/n: Abramowitz and Stegun, 26.7.5; off by less than 0.001.</remarks>
    public static double Quantile975(int freedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(freedom, 1);
        if (freedom <= Few.Length)
            return Few[freedom - 1];
        double z = Normal, n = freedom;
        return z + ((Math.Pow(z, 3) + z) / (4 * n)) + (((5 * Math.Pow(z, 5)) + (16 * Math.Pow(z, 3)) + (3 * z)) / (96 * n * n))
            + (((3 * Math.Pow(z, 7)) + (19 * Math.Pow(z, 5)) + (17 * Math.Pow(z, 3)) - (15 * z)) / (384 * n * n * n));
    }
}
