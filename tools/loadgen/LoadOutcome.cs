namespace HashGrid.LoadGen;

/// <summary>What a scenario measured.</summary>
/// <param name="Seconds">Measured time.</param>
/// <param name="Operations">One entry a kind of operation.</param>
/// <param name="Facts">What else it found, for the report: names with underscores.</param>
/// <param name="Server">What the server's metrics said; null if nobody asked.</param>
internal sealed record LoadOutcome(double Seconds, IReadOnlyList<OperationReport> Operations, IReadOnlyDictionary<string, double> Facts, ServerUse? Server);
