namespace HashGrid.Model.Evaluation;

/// <summary>A mean over splits, each with a training of its own, with a 95 % interval that counts both which patients were asked and how splits differ.</summary>
/// <param name="Mean">Mean of the splits' means.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="BySplit">Each split's mean.</param>
public sealed record SplitInterval(double Mean, double Low, double High, IReadOnlyList<double> BySplit)
{
    private const int LeastPatients = 5;

    /// <summary>
    /// At each end the wider of two intervals: patients resampled, the values of all splits together (<see cref="PatientInterval"/>), and Student's t over the splits' means. With one split, or fewer than five patients, minus to plus infinity.
    /// </summary>
    /// <param name="splits">The values of each split; not a number if one has none.</param>
    /// <param name="asked">Share of the patients that a split asks, below 1; the others are trained on.</param>
    /// <remarks>
    /// Splits share most of their training patients, so their means differ less than those of new samples would: the variance of the mean is s² (1/n + asked / (1 − asked)), not s²/n.
    /// Source: Nadeau, Bengio, "Inference for the generalization error", Machine Learning 52, 2003.
    /// </remarks>
    public static SplitInterval Of(IReadOnlyList<IReadOnlyList<(string Patient, double Value)>> splits, double asked)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(asked);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(asked, 1);
        double[] means = [.. splits.Select(split => split.Select(one => one.Value).DefaultIfEmpty(double.NaN).Average())];
        double mean = means.DefaultIfEmpty(double.NaN).Average();
        if (double.IsNaN(mean))
            return new SplitInterval(double.NaN, double.NaN, double.NaN, means);
        if (means.Length == 1 || splits.SelectMany(split => split).Select(one => one.Patient).Distinct().Count() < LeastPatients)
            return new SplitInterval(mean, double.NegativeInfinity, double.PositiveInfinity, means);
        double variance = means.Sum(one => (one - mean) * (one - mean)) / (means.Length - 1);
        double reach = StudentT.Quantile975(means.Length - 1) * Math.Sqrt(variance * ((1.0 / means.Length) + (asked / (1 - asked))));
        var patients = PatientInterval.Of(splits.SelectMany(split => split));
        return new SplitInterval(mean, Math.Min(patients.Low, mean - reach), Math.Max(patients.High, mean + reach), means);
    }
}
