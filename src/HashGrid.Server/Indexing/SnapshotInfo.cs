namespace HashGrid.Server.Indexing;

/// <summary>A snapshot that was written.</summary>
/// <param name="Sequence">The store sequence that it covers.</param>
/// <param name="Bytes">Size on disk.</param>
/// <param name="Elapsed">Time it took; searches went on meanwhile, the index stood still.</param>
public sealed record SnapshotInfo(long Sequence, long Bytes, TimeSpan Elapsed);
