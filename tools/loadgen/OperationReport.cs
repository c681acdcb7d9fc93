namespace HashGrid.LoadGen;

/// <summary>One kind of operation, measured. Latencies are milliseconds from the intended send time to the answer.</summary>
/// <param name="Name">search or ingest.</param>
/// <param name="Offered">Operations that were due.</param>
/// <param name="Completed">Operations that succeeded.</param>
/// <param name="OfferedRate">Due a second.</param>
/// <param name="AchievedRate">Succeeded a second, over the time until the last answer.</param>
/// <param name="P50">Median.</param>
/// <param name="P90">90 %.</param>
/// <param name="P99">99 %.</param>
/// <param name="P999">99.9 %.</param>
/// <param name="Max">The slowest.</param>
/// <param name="Errors">Cause → how many.</param>
internal sealed record OperationReport(
    string Name, long Offered, long Completed, double OfferedRate, double AchievedRate,
    double P50, double P90, double P99, double P999, double Max, IReadOnlyDictionary<string, long> Errors)
{
    /// <summary>The percentiles that a plot shows.</summary>
    public static IReadOnlyList<double> Shown { get; } = [0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99];

    /// <summary>Latencies at <see cref="Shown"/>.</summary>
    public IReadOnlyList<(double Percentile, double Milliseconds)> Percentiles { get; init; } = [];

    /// <summary>By second since the measurement began: due, succeeded, and the slowest answer in milliseconds.</summary>
    public IReadOnlyList<(int Second, long Offered, long Completed, double SlowestMilliseconds)> BySecond { get; init; } = [];
}
