namespace HashGrid.Server.Indexing;

/// <summary>A snapshot that was written.</summary>
/// <param name="Sequence">Every store change up to here is in it.</param>
/// <param name="Bytes">Size on disk.</param>
/// <param name="Elapsed">Time it took; searches and changes went on meanwhile.</param>
public sealed record SnapshotInfo(long Sequence, long Bytes, TimeSpan Elapsed);
