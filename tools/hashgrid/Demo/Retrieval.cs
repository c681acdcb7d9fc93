using HashGrid.Client;

namespace HashGrid.CommandLine.Demo;

/// <summary>One query and what the store found for it.</summary>
/// <param name="Query">The image that was searched with.</param>
/// <param name="Matches">The nearest, ascending by distance.</param>
internal sealed record Retrieval(Sample Query, IReadOnlyList<SearchMatch> Matches)
{
    /// <summary>Relevant, as the papers have it: at least one label in common.</summary>
    public bool IsShared(SearchMatch match) => match.Labels.Any(Query.Labels.Contains);

    /// <summary>Share of the matches with a label in common with the query, over all queries.</summary>
    public static double Precision(IReadOnlyList<Retrieval> retrievals)
    {
        int matches = retrievals.Sum(retrieval => retrieval.Matches.Count);
        return matches == 0 ? 0 : (double)retrievals.Sum(retrieval => retrieval.Matches.Count(retrieval.IsShared)) / matches;
    }

    /// <summary>What <see cref="Precision"/> would be on average if the store answered in random order.</summary>
    public static double RandomPrecision(IReadOnlyList<Retrieval> retrievals, IReadOnlyList<Sample> stored) =>
        retrievals.Average(retrieval => stored.Average(sample => sample.Labels.Any(retrieval.Query.Labels.Contains) ? 1.0 : 0.0));
}
