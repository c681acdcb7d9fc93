using System.Buffers.Binary;

namespace HashGrid.Server.Storage.Journal;

/// <summary>Builds one frame at a time in a buffer of its own. One thread at a time.</summary>
internal sealed class FrameWriter(int maxBytes = FrameHeader.MaxFrameBytes)
{
    private readonly byte[] _buffer = new byte[maxBytes];
    private int _length;

    /// <summary>Bytes of the frame so far, header included.</summary>
    public int Length => _length;

    public void Begin() => _length = FrameHeader.Bytes;

    public void Byte(byte value) => Take(1)[0] = value;

    /// <summary>Replaces a byte that was written before.</summary>
    public void Patch(int offset, byte value) => _buffer[offset] = value;

    public void Number(ulong value)
    {
        // LEB128: 7 bits a byte, the low ones first; small numbers are the common case.
        for (; value >= 0x80; value >>= 7)
            Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    public void Fixed64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    public void Words(ReadOnlySpan<ulong> words)
    {
        foreach (ulong word in words)
            Fixed64(word);
    }

    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    public void Text(string value)
    {
        int bytes = System.Text.Encoding.UTF8.GetByteCount(value);
        Number((ulong)bytes);
        System.Text.Encoding.UTF8.GetBytes(value, Take(bytes));
    }

    /// <summary>Completes the frame; the memory is valid until the next <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> End(uint link, byte kind, long timeMs, long sequence, out uint crc)
    {
        Span<byte> frame = _buffer.AsSpan(0, _length);
        crc = FrameHeader.Write(frame, link, kind, timeMs, sequence);
        return frame;
    }

    /// <summary>What was written since <see cref="Begin"/>, for records that are not frames.</summary>
    public ReadOnlySpan<byte> Body() => _buffer.AsSpan(FrameHeader.Bytes, _length - FrameHeader.Bytes);

    /// <summary>The next bytes, to be filled in before anything else is written.</summary>
    public Span<byte> Take(int bytes)
    {
        if (bytes > _buffer.Length - _length)
            throw new ArgumentException($"the record needs more than {_buffer.Length} bytes in the journal; shorten labels and name");
        Span<byte> span = _buffer.AsSpan(_length, bytes);
        _length += bytes;
        return span;
    }
}
