using System.Buffers;

namespace HashGrid.Server.Storage.Journal;

/// <summary>Reads single put frames by address, each proven by its checksum. Any thread.</summary>
internal sealed class JournalRecords(JournalSegments segments, int words)
{
    private const int EntryHeaderBytes = 4;
    private const int UsualBytes = 512;

    /// <exception cref="CodeStoreException">There is no put frame of this id at the address any more.</exception>
    public CodeRecord Read(long address, ulong id)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(UsualBytes);
        try
        {
            // One read is enough for nearly every frame; what it takes beyond is not looked at.
            segments.Read(address, buffer.AsSpan(0, UsualBytes));
            if (!FrameHeader.TryRead(buffer.AsSpan(EntryHeaderBytes), out FrameHeader header))
                throw Damaged(address, id, "no record header");
            int length = EntryHeaderBytes + header.Length;
            if (length > UsualBytes)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = ArrayPool<byte>.Shared.Rent(length);
                segments.Read(address, buffer.AsSpan(0, length));
            }
            ReadOnlySpan<byte> frame = buffer.AsSpan(EntryHeaderBytes, header.Length);
            if (!header.Matches(frame))
                throw Damaged(address, id, $"record checksum is {Crc32C.Compute(frame[4..]):x8}, its header says {header.Crc:x8}");
            CodeRecord record = (JournalRecordKind)header.Kind == JournalRecordKind.Put
                ? Payloads.ReadPut(frame[FrameHeader.Bytes..], header.Sequence, words, out _, out _)
                : throw Damaged(address, id, $"record {header.Sequence} is no put");
            return record.Id == id ? record : throw Damaged(address, id, $"record {header.Sequence} belongs to id {record.Id}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static CodeStoreException Damaged(long address, ulong id, string problem) => new(
        CodeStoreProblem.Damaged, $"the record of id {id} at journal address {address} is damaged: {problem}; stop the server and run `hashgrid fsck`", address);
}
