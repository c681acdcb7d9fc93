using System.Buffers.Binary;

namespace HashGrid.Server.Storage.Journal;

/// <summary>Takes a payload apart. Every read checks its bounds: the bytes may come from a damaged disk.</summary>
internal ref struct FrameReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    public readonly bool AtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public ulong Number()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw new InvalidDataException("a number takes more than 10 bytes");
    }

    public ulong Fixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ulong[] Words(int count)
    {
        ReadOnlySpan<byte> bytes = Take(count * 8);
        var words = new ulong[count];
        for (int i = 0; i < count; i++)
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * 8)..]);
        return words;
    }

    public string Text() => System.Text.Encoding.UTF8.GetString(Take(Count()));

    public ReadOnlySpan<byte> Raw(int bytes) => Take(bytes);

    /// <summary>A count of things that take at least one byte each, so that a wild number can not ask for wild memory.</summary>
    public int Count()
    {
        ulong count = Number();
        if (count > (ulong)_rest.Length)
            throw new InvalidDataException($"a count of {count} does not fit the {_rest.Length} bytes that follow");
        return (int)count;
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > _rest.Length)
            throw new InvalidDataException($"{bytes} bytes expected, {_rest.Length} left");
        ReadOnlySpan<byte> taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }
}
