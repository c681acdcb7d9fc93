namespace HashGrid.Client;

/// <summary>The outcome of one search of a stream of searches. Exactly one of answer and failure is set.</summary>
/// <param name="Tag">The tag of its <see cref="SearchRequest"/>.</param>
/// <param name="Answer">What was found, or null.</param>
/// <param name="Failure">Why this search failed, or null; the others are not touched by it.</param>
public sealed record SearchStreamResult(ulong Tag, SearchAnswer? Answer, ItemFailure? Failure);
