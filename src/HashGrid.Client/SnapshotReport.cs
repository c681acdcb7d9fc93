namespace HashGrid.Client;

/// <summary>A snapshot that was written.</summary>
/// <param name="Sequence">It covers the store up to this sequence.</param>
/// <param name="Bytes">Its size on disk.</param>
/// <param name="Elapsed">The time it took the server.</param>
public sealed record SnapshotReport(ulong Sequence, ulong Bytes, TimeSpan Elapsed);
