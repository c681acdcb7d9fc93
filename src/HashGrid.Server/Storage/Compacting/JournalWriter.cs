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

    /// <summary>Behind the last frame.</summary>
    public JournalTail Tail { get; private set; } = begin;

    /// <summary>Appends the content of a frame under the next sequence.</summary>
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
        int used = (int)(Tail.Address % pageBytes);
        if (used > 0)
            Write(Tail.Address - used, Math.Min(pageBytes, (used + SectorBytes - 1) / SectorBytes * SectorBytes));
        for (int segment = 0; segment * segments.SegmentBytes < Tail.Address; segment++)
            segments.Obtain(segment).Sync();
    }

    private void Append(byte kind, long timeMs)
    {
        ReadOnlySpan<byte> frame = _writer.End(Tail.Link, kind, timeMs, Tail.Sequence + 1, out uint crc);
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
        Tail = new JournalTail(Tail.Sequence + 1, address + entry, crc);
        if (Tail.Address % pageBytes == 0)
            Write(Tail.Address - pageBytes, pageBytes);
    }

    private void Write(long address, int length)
    {
        segments.Obtain((int)(address / segments.SegmentBytes)).Write(_page.AsSpan(0, length), address % segments.SegmentBytes);
        _page.AsSpan().Clear();
    }
}
