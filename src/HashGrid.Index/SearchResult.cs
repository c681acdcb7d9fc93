namespace HashGrid.Index;

/// <summary>What a search found.</summary>
/// <param name="Count">How many neighbours were written to the destination, ascending by (distance, id).</param>
/// <param name="More">Range search only: more codes lie within the radius than the destination could take.</param>
/// <param name="Exact">True: no other answer was possible. False: <see cref="SearchOptions.MaxCandidates"/> ended the search, and nearer codes may exist.</param>
/// <param name="Stats">What it cost.</param>
public readonly record struct SearchResult(int Count, bool More, bool Exact, SearchStats Stats);
