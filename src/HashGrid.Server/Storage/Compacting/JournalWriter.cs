using System.Buffers.Binary;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Compacting;

/// <summary>Writes a journal's files from their begin, laid out as FasterLog does it: entries that never cross a page, zeros where one did not fit.</summary>
/// <remarks>One thread. Durable after <see cref="Finish"/>, not before.</remarks>
internal sealed class JournalWriter(JournalSegments segments, int pageBytes, JournalTail begin)
{
    private const int EntryHeaderBytes = 4;

    // FASTER reads whole sectors.
    private const int SectorBytes = 4096;

    private readonly byte[] _page = new byte[pageBytes];
    private readonly FrameWriter _writer = new();
    private readonly SharedFrameWriter _puts = new(Math.Min(FrameHeader.MaxFrameBytes, pageBytes / 2));
    private long _putsTimeMs;

    /// <summary>Behind the last frame; puts that wait for a frame of their own count after <see cref="Finish"/>.</summary>
    public JournalTail Tail { get; private set; } = begin;

    /// <summary>Appends a put under the next sequence. Puts of the same second share a frame, which has the time of the first.</summary>
    public void AppendPut(long timeMs, CodeRecord record, uint stream, ulong position)
    {
        if (!_puts.HasRoomFor(record) || timeMs / 1000 != _putsTimeMs / 1000)
            CloseFrame();
        if (_puts.Add(record, stream, position) == 0)
            _putsTimeMs = timeMs;
    }

    /// <summary>Appends the content of a frame without puts under the next sequence.</summary>
    public void Append(in Frame frame)
    {
        _writer.Begin();
        _writer.Raw(frame.Payload);
        Append(frame.Header.Kind, frame.Header.TimeMs);
    }

    /// <summary>Appends the position of a stream alone, for a put that carried it and does not count any more.</summary>
    public void AppendPosition(long timeMs, uint stream, ulong position)
    {
        Payloads.WritePosition(_writer, stream, position);
        Append((byte)JournalRecordKind.Position, timeMs);
    }

    /// <summary>Writes what is left and syncs all files.</summary>
    public void Finish()
    {
        CloseFrame();
        int used = (int)(Tail.Address % pageBytes);
        if (used > 0)
            Write(Tail.Address - used, Math.Min(pageBytes, (used + SectorBytes - 1) / SectorBytes * SectorBytes));
        for (int segment = 0; segment * segments.SegmentBytes < Tail.Address; segment++)
            segments.Obtain(segment).Sync();
    }

    private void Append(byte kind, long timeMs)
    {
        CloseFrame();
        Write(_writer.End(Tail.Link, kind, timeMs, Tail.Sequence + 1, out uint crc), records: 1, crc);
    }

    private void CloseFrame()
    {
        int records = _puts.Count;
        if (records > 0)
            Write(_puts.End(Tail.Link, _putsTimeMs, Tail.Sequence + 1, out uint crc), records, crc);
    }

    private void Write(ReadOnlySpan<byte> frame, int records, uint crc)
    {
        int entry = EntryHeaderBytes + ((frame.Length + 3) & ~3);
        long address = Tail.Address;
        if (address % pageBytes + entry > pageBytes)
        {
            Write(address - address % pageBytes, pageBytes);
            address += pageBytes - address % pageBytes;
        }
        Span<byte> target = _page.AsSpan((int)(address % pageBytes), entry);
        BinaryPrimitives.WriteInt32LittleEndian(target, frame.Length);
        frame.CopyTo(target[EntryHeaderBytes..]);
        Tail = new JournalTail(Tail.Sequence + records, address + entry, crc);
        if (Tail.Address % pageBytes == 0)
            Write(Tail.Address - pageBytes, pageBytes);
    }

    private void Write(long address, int length)
    {
        segments.Obtain((int)(address / segments.SegmentBytes)).Write(_page.AsSpan(0, length), address % segments.SegmentBytes);
        _page.AsSpan().Clear();
    }
}
