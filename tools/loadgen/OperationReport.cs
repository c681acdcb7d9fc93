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
    double P50, double P90, double P99, double P999, double Max, IReadOnlyDictionary<string, long> Errors);
