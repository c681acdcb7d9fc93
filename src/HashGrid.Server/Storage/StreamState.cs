namespace HashGrid.Server.Storage;

/// <summary>What the store durably knows of one ingest stream.</summary>
/// <param name="Last">Last position taken, put or refused; 0 for none. A client resumes after it.</param>
/// <param name="Refusals">The newest refusals by position, at most <see cref="MaxRefusals"/>.</param>
public sealed record StreamState(ulong Last, IReadOnlyList<Refusal> Refusals)
{
    /// <summary>The newest items that were linked to content that was there, by position, at most <see cref="MaxRefusals"/>.</summary>
    public IReadOnlyList<Duplicate> Duplicates { get; init; } = [];

    /// <summary>Refusals kept for each stream; older ones are forgotten.</summary>
    public const int MaxRefusals = 1024;

    /// <summary>A stream that the store has never seen.</summary>
    public static StreamState None { get; } = new(0, []);
}
