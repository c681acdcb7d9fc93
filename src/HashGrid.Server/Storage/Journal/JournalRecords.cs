using System.Buffers;

namespace HashGrid.Server.Storage.Journal;

/// <summary>Reads single puts by their place, each proven by the checksum of its frame. Any thread.</summary>
internal sealed class JournalRecords(JournalSegments segments, int words)
{
    private const int EntryHeaderBytes = 4;
    private const int UsualBytes = 4096;

    /// <exception cref="CodeStoreException">There is no put of this id at the place any more, or the disk can not read it.</exception>
    public CodeRecord Read(RecordPlace place, ulong id)
    {
        long address = place.Address;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(UsualBytes);
        try
        {
            // One read is enough for nearly every frame; what it takes beyond is not looked at, so it need not be readable.
            int have = UsualBytes;
            if (segments.TryRead(address, buffer.AsSpan(0, have)) is not null)
                segments.Read(address, buffer.AsSpan(0, have = EntryHeaderBytes + FrameHeader.Bytes));
            if (!FrameHeader.TryRead(buffer.AsSpan(EntryHeaderBytes), out FrameHeader header))
                throw Damaged(address, "no record header");
            int length = EntryHeaderBytes + header.Length;
            if (length > have)
            {
                if (length > buffer.Length)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(length);
                }
                segments.Read(address, buffer.AsSpan(0, length));
            }
            ReadOnlySpan<byte> frame = buffer.AsSpan(EntryHeaderBytes, header.Length);
            if (!header.Matches(frame))
                throw Damaged(address, $"record checksum is {Crc32C.Compute(frame[4..]):x8}, its header says {header.Crc:x8}");
            return Find(new Frame(address, address + length, header, buffer.AsMemory(EntryHeaderBytes, header.Length)), place, id);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private CodeRecord Find(in Frame frame, RecordPlace place, ulong id)
    {
        if (!PutReader.HoldsPuts(frame))
            throw Damaged(place.Address, $"record {frame.Sequence} is no put");
        try
        {
            var puts = new PutReader(frame, words);
            puts.MoveTo(place.Ordinal);
            return puts.Id == id ? puts.Record() : throw Damaged(place.Address, $"record {puts.Sequence} belongs to another id");
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            throw Damaged(place.Address, $"its frame carries a valid checksum but a senseless payload: {e.Message}");
        }
    }

    // No id: whoever searched is told of this, and may not know whose record it found.
    private static CodeStoreException Damaged(long address, string problem) => new(
        CodeStoreProblem.Damaged, $"the record at journal address {address} is damaged: {problem}; stop the server and run `hashgrid fsck`", address);
}
