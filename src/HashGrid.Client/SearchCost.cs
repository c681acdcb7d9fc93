namespace HashGrid.Client;

/// <summary>What an answer cost the server.</summary>
/// <param name="Engine"><c>scan</c>, <c>multi-index</c> or <c>clusters</c>.</param>
/// <param name="Probes">Table buckets or clusters looked into.</param>
/// <param name="Candidates">Codes whose distance was computed.</param>
/// <param name="Elapsed">Time in the index.</param>
public sealed record SearchCost(string Engine, long Probes, long Candidates, TimeSpan Elapsed);
