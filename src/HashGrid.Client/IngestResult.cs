namespace HashGrid.Client;

/// <summary>What became of one item of an ingest stream. Results come in the order of their items.</summary>
/// <param name="Sequence">Position in the stream, from 1.</param>
/// <param name="Id">The item's id.</param>
/// <param name="Failure">Null: the item is on disk. Otherwise why it was refused; nothing of it was stored.</param>
/// <param name="Resumed">The server had answered for this sequence before this stream was opened: nothing was sent.</param>
public readonly record struct IngestResult(ulong Sequence, ulong Id, ItemFailure? Failure, bool Resumed)
{
    /// <summary>
    /// The id that held the same image, byte for byte: this item got that one's code (a server with <c>--duplicates link</c>) or was refused for it
    /// (<c>refuse</c>). Null for all others, and always where duplicates are stored.
    /// </summary>
    public ulong? DuplicateOf { get; init; }
}
