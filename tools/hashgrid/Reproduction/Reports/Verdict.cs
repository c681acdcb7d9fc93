using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>Intervals in words.</summary>
internal static class Verdict
{
    /// <summary>What a difference that is claimed to be positive says. One split alone, or a handful of patients, says nothing: how much others would differ is not known.</summary>
    public static string Of(SplitInterval lead) => lead.Low > 0 ? Whether(true) : lead.High < 0 ? Whether(false) : "cannot be judged here";

    public static string Whether(bool holds) => holds ? "holds here" : "does not hold here";

    public static string Text(this PatientInterval value) => FormattableString.Invariant($"{value.Mean:F3} ({value.Low:F3} to {value.High:F3})");

    /// <summary>With a sign.</summary>
    public static string Signed(this SplitInterval value) =>
        double.IsFinite(value.Low) ? $"{SignedNumber.Text(value.Mean)} ({SignedNumber.Text(value.Low)} to {SignedNumber.Text(value.High)})" : $"{SignedNumber.Text(value.Mean)} (too few splits or patients)";

    /// <summary>Split by split, with a sign.</summary>
    public static string Splits(this SplitInterval value) => string.Join(", ", value.BySplit.Select(SignedNumber.Text));
}
