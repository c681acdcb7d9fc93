namespace HashGrid.Server.Storage.Compacting;

/// <summary>What a compaction did.</summary>
/// <param name="RecordsBefore">Records of the old journal.</param>
/// <param name="RecordsAfter">Records of the new one; the same if there was nothing to gain, and then nothing was written.</param>
/// <param name="BytesBefore">Bytes of the old journal.</param>
/// <param name="BytesAfter">Bytes of the new one.</param>
public sealed record CompactionReport(long RecordsBefore, long RecordsAfter, long BytesBefore, long BytesAfter);
