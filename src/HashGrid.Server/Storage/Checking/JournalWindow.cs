using System.Buffers;
using System.Buffers.Binary;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Checking;

/// <summary>Looks at the journal's bytes anywhere, and finds frames that prove themselves without knowing where one should be.</summary>
/// <remarks>What the disk can not read counts as zeros, in pieces of 4 KiB, and is noted; each piece is asked for once, since a failing disk takes seconds to say no.</remarks>
internal sealed class JournalWindow(JournalSegments segments) : IDisposable
{
    private const int EntryHeaderBytes = 4;
    private const int PieceBytes = 4096;

    private readonly JournalSegments _segments = segments;

    // Holds the longest entry from any start.
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(4 * FrameHeader.MaxFrameBytes);
    private long _start;
    private int _length;

    /// <summary>Behind the last byte of the last file.</summary>
    public required long Extent { get; init; }

    /// <summary>What could not be read, of all that was looked at.</summary>
    public UnreadableRanges Unreadable { get; } = new(segments.SegmentBytes);

    /// <summary>Bytes at an address; valid until the next call.</summary>
    public ReadOnlySpan<byte> At(long address, int count)
    {
        if (address < _start || address + count > _start + _length)
        {
            // Behind the last byte there are only zeros, and a small store is read in small pieces.
            int wanted = (int)Math.Clamp(Extent - address, count, _buffer.Length);
            Fill(address, _buffer.AsSpan(0, wanted));
            (_start, _length) = (address, wanted);
        }
        return _buffer.AsSpan((int)(address - _start), count);
    }

    /// <summary>The frame of the entry at an address, if its own checksum proves it.</summary>
    /// <param name="address">Of the entry: 4 bytes of length, then the frame.</param>
    /// <param name="frame">Valid until the next call.</param>
    /// <param name="problem">Why there is none; or, beside a frame, what is wrong with the 4 bytes before it.</param>
    public bool TryFrame(long address, out Frame frame, out string? problem)
    {
        frame = default;
        ReadOnlySpan<byte> head = At(address, EntryHeaderBytes + FrameHeader.Bytes);
        int entryLength = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (!FrameHeader.TryRead(head[EntryHeaderBytes..], out FrameHeader header))
        {
            problem = head.IndexOfAnyExcept((byte)0) < 0 ? "no record, only zeros" : "no record header";
            return false;
        }
        ReadOnlySpan<byte> bytes = At(address, EntryHeaderBytes + header.Length)[EntryHeaderBytes..];
        if (!header.Matches(bytes))
        {
            problem = $"record checksum is {Crc32C.Compute(bytes[4..]):x8}, its header says {header.Crc:x8}";
            return false;
        }
        problem = entryLength == header.Length ? null : $"entry length is {entryLength}, but its record has {header.Length} bytes";
        long end = address + EntryHeaderBytes + ((header.Length + 3) & ~3);
        frame = new Frame(address, end, header, _buffer.AsMemory((int)(address - _start) + EntryHeaderBytes, header.Length));
        return true;
    }

    /// <summary>The next address from <paramref name="from"/> on at which a frame proves itself; <paramref name="end"/> if there is none.</summary>
    public long FindFrame(long from, long end)
    {
        for (long address = from; address + EntryHeaderBytes + FrameHeader.Bytes <= end; address += 4)
        {
            long filled = FirstNonZero(address, end);
            if (filled == end)
                return end;
            // The length word before a frame may itself be what was lost.
            address = Math.Max(address, (filled & ~3L) - EntryHeaderBytes);
            if (TryFrame(address, out _, out _))
                return address;
        }
        return end;
    }

    /// <summary>The first byte in a range that is not zero; <paramref name="end"/> if all are.</summary>
    public long FirstNonZero(long from, long end)
    {
        while (from < end)
        {
            // What is in the window already is looked at first: the search for a frame asks again for each word.
            long have = from >= _start ? _start + _length - from : 0;
            int count = (int)Math.Min(have > 0 ? have : FrameHeader.MaxFrameBytes, end - from);
            int found = At(from, count).IndexOfAnyExcept((byte)0);
            if (found >= 0)
                return from + found;
            from += count;
        }
        return end;
    }

    private void Fill(long address, Span<byte> destination)
    {
        // Most of what can not be read as a whole may be readable all the same.
        if (_segments.TryRead(address, destination) is null)
            return;
        while (!destination.IsEmpty)
        {
            int length = (int)Math.Min(destination.Length, PieceBytes - address % PieceBytes);
            if (!TryPiece(address, destination[..length]))
                destination[..length].Clear();
            destination = destination[length..];
            address += length;
        }
    }

    private bool TryPiece(long address, Span<byte> destination)
    {
        if (Unreadable.Contains(address))
            return false;
        if (_segments.TryRead(address, destination) is not { } failure)
            return true;
        long piece = address - address % PieceBytes;
        Unreadable.Add(piece, Math.Min(piece + PieceBytes, Math.Max(Extent, address + destination.Length)), failure.Message);
        return false;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
