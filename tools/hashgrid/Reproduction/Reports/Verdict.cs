using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>Intervals in words.</summary>
internal static class Verdict
{
    /// <summary>What a difference that is claimed to be positive says.</summary>
    public static string Of(PatientInterval lead) => lead.Low > 0 ? "holds here" : lead.High < 0 ? "does not hold here" : "cannot be judged here";

    public static string Text(this PatientInterval value) => FormattableString.Invariant($"{value.Mean:F3} ({value.Low:F3} to {value.High:F3})");

    /// <summary>With a sign.</summary>
    public static string Signed(this PatientInterval value) => FormattableString.Invariant($"{value.Mean:+0.000;−0.000} ({value.Low:+0.000;−0.000} to {value.High:+0.000;−0.000})");
}
