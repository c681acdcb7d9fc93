namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>A difference with its sign, to three digits.</summary>
internal static class SignedNumber
{
    /// <summary><c>+0.012</c>, <c>−0.012</c>, and <c>+0.000</c> for what rounds to zero from either side, to which .NET gives both signs.</summary>
    public static string Text(double value)
    {
        double rounded = Math.Round(value, 3);
        return FormattableString.Invariant($"{(rounded == 0 ? 0 : rounded):+0.000;−0.000}");
    }
}
