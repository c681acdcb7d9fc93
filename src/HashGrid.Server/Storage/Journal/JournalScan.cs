using System.Buffers.Binary;

namespace HashGrid.Server.Storage.Journal;

/// <summary>Reads the journal's files in order and verifies every frame: length, checksum, dense sequence, link. Own reader, independent of FASTER.</summary>
internal sealed class JournalScan
{
    private const int EntryHeaderBytes = 4;

    private readonly JournalSegments _segments;
    private readonly int _pageBytes;
    private readonly byte[] _buffer;
    private long _bufferStart;
    private int _bufferLength;
    private uint? _link;

    /// <param name="segments">The files.</param>
    /// <param name="pageBytes">A frame never crosses a page.</param>
    /// <param name="start">Sequence and address of the frame before the first; its link is checked if known.</param>
    /// <param name="linkKnown">Whether the link of <paramref name="start"/> is meant.</param>
    public JournalScan(JournalSegments segments, int pageBytes, JournalTail start, bool linkKnown = true)
    {
        _segments = segments;
        _pageBytes = pageBytes;
        _buffer = new byte[Math.Min(pageBytes, 2 * FrameHeader.MaxFrameBytes)];
        Tail = start;
        _link = linkKnown ? start.Link : null;
    }

    /// <summary>Behind the last good frame.</summary>
    public JournalTail Tail { get; private set; }

    /// <summary>What is wrong with the entry at <see cref="ProblemAddress"/>, if the last step found no frame.</summary>
    public string? Problem { get; private set; }

    public long ProblemAddress { get; private set; }

    /// <summary>Reads the next frame below <paramref name="limit"/>.</summary>
    /// <returns>False at the limit, or with <see cref="Problem"/> set when what follows is not the next frame.</returns>
    public bool TryNext(long limit, out Frame frame)
    {
        frame = default;
        Problem = null;
        long address = Tail.Address;
        if (address >= limit)
            return false;
        if (TryAt(address, limit, out frame))
            return Accept(frame);
        // A frame that did not fit went to the next page, and what was left of this one is zero. What looks different is kept as
        // the problem: it lies where the next frame should be.
        long nextPage = (address / _pageBytes + 1) * _pageBytes;
        if (address % _pageBytes != 0 && nextPage < limit)
        {
            (string? problem, long problemAddress) = (Problem, ProblemAddress);
            if (TryAt(nextPage, limit, out frame))
                return Accept(frame);
            (Problem, ProblemAddress) = (problem, problemAddress);
        }
        return false;
    }

    private bool Accept(in Frame frame)
    {
        Problem = null;
        _link = frame.Header.Crc;
        Tail = frame.Tail;
        return true;
    }

    private bool TryAt(long address, long limit, out Frame frame)
    {
        frame = default;
        int left = (int)(_pageBytes - address % _pageBytes);
        if (left < EntryHeaderBytes + FrameHeader.Bytes)
            return Wrong(address, "only the rest of a page is left");
        Fill(address, EntryHeaderBytes + FrameHeader.Bytes, left, limit);
        int start = (int)(address - _bufferStart);
        int length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(start));
        if (length == 0)
            return Wrong(address, "no entry, only zeros");
        if (length < FrameHeader.Bytes || length > FrameHeader.MaxFrameBytes || length > left - EntryHeaderBytes)
            return Wrong(address, $"entry length {length} is impossible, {left} bytes are left in the page");
        long end = address + EntryHeaderBytes + ((length + 3) & ~3);
        if (end > limit)
            return Wrong(address, $"entry ends at {end}, behind the durable tail {limit}");
        Fill(address, EntryHeaderBytes + length, left, limit);
        start = (int)(address - _bufferStart) + EntryHeaderBytes;
        Memory<byte> bytes = _buffer.AsMemory(start, length);
        if (!FrameHeader.TryRead(bytes.Span, out FrameHeader header) || header.Length != length)
            return Wrong(address, "no frame header");
        if (!header.Matches(bytes.Span))
            return Wrong(address, $"frame checksum is {Crc32C.Compute(bytes.Span[4..]):x8}, its header says {header.Crc:x8}");
        if (header.Sequence != Tail.Sequence + 1)
            return Wrong(address, $"frame has sequence {header.Sequence}, expected {Tail.Sequence + 1}");
        if (_link is { } link && header.Link != link)
            return Wrong(address, $"frame follows checksum {header.Link:x8}, but the frame before has {link:x8}");
        frame = new Frame(address, end, header, bytes);
        return true;
    }

    private void Fill(long address, int needed, int leftInPage, long limit)
    {
        if (address >= _bufferStart && address + needed <= _bufferStart + _bufferLength)
            return;
        // What lies behind the limit may still change, so it is never kept for a later call.
        long durable = Math.Min(limit - address, leftInPage);
        int length = (int)Math.Min(_buffer.Length, Math.Max(needed, durable));
        _segments.Read(address, _buffer.AsSpan(0, length));
        _bufferStart = address;
        _bufferLength = (int)Math.Min(length, durable);
    }

    private bool Wrong(long address, string problem)
    {
        Problem = problem;
        ProblemAddress = address;
        return false;
    }
}
