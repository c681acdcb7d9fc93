namespace HashGrid.Client;

/// <summary>The answer to one search.</summary>
/// <param name="Matches">Ascending by (distance, id).</param>
/// <param name="Exact">No other answer was possible.</param>
/// <param name="More">Within a radius only: more codes matched than the limit.</param>
/// <param name="Cost">What it cost the server.</param>
/// <param name="SeenSequence">The answer covers every change of the store up to this sequence.</param>
/// <param name="QueryCode">The code that was searched for when the query was an image, else <c>default</c>.</param>
public sealed record SearchAnswer(
    IReadOnlyList<SearchMatch> Matches, bool Exact, bool More, SearchCost Cost, ulong SeenSequence, BinaryCode QueryCode)
{
    /// <summary>Where the network looks in the query image when <see cref="QueryOptions.IncludeAttention"/> asked for it, else null.</summary>
    public AttentionMap? QueryAttention { get; init; }
}
