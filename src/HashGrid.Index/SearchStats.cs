namespace HashGrid.Index;

/// <summary>What a search cost, and why it ran the way it did.</summary>
/// <param name="Engine">The engine that looked at most of the codes.</param>
/// <param name="Probes">Buckets and clusters looked into.</param>
/// <param name="Candidates">Codes whose distance was computed.</param>
/// <param name="Elapsed">Wall-clock time inside the index.</param>
/// <param name="Reason">Why this engine ran, in a few words; null when the caller forced it and it could run.</param>
public readonly record struct SearchStats(SearchEngine Engine, long Probes, long Candidates, TimeSpan Elapsed, string? Reason);
