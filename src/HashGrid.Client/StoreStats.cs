namespace HashGrid.Client;

/// <summary>Size and state of a store.</summary>
/// <param name="Codes">Codes in the store.</param>
/// <param name="Model">The model that makes them.</param>
/// <param name="DurableSequence">Last store sequence on disk.</param>
/// <param name="IndexedSequence">Last store sequence that searches see.</param>
/// <param name="JournalBytes">Size of the journal on disk.</param>
/// <param name="IndexBytes">Memory of the index.</param>
/// <param name="State"><c>ready</c>, <c>catching-up</c> or <c>read-only</c>.</param>
/// <param name="ImagesEncoded">Images encoded since the server started.</param>
/// <param name="Searches">Searches answered since the server started.</param>
/// <param name="StoreId">Unique to the data folder.</param>
public sealed record StoreStats(
    ulong Codes, ModelInfo Model, ulong DurableSequence, ulong IndexedSequence, ulong JournalBytes, ulong IndexBytes,
    string State, ulong ImagesEncoded, ulong Searches, string StoreId)
{
    /// <summary>What is done with images that another id holds: <c>store</c>, <c>link</c> or <c>refuse</c>.</summary>
    public string Duplicates { get; init; } = "";

    /// <summary>Images that duplicates are looked for among.</summary>
    public ulong DigestImages { get; init; }

    /// <summary>Memory which that takes, in bytes.</summary>
    public ulong DigestBytes { get; init; }

    /// <summary>Items linked to content that another id held, since the server started.</summary>
    public ulong ItemsLinked { get; init; }

    /// <summary>Why the last index snapshot that was due or asked for is not there; empty if it is. Nothing is lost by it: the server's next start takes longer.</summary>
    public string SnapshotProblem { get; init; } = "";
}
