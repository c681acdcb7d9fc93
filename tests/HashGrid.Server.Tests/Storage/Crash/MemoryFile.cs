namespace HashGrid.Server.Tests.Storage.Crash;

/// <summary>The bytes of one file.</summary>
internal sealed class MemoryFile(byte[] content)
{
    private byte[] _bytes = [.. content];

    public int Length { get; private set; } = content.Length;

    public int Read(Span<byte> destination, long offset)
    {
        int count = (int)Math.Clamp(Length - offset, 0, destination.Length);
        _bytes.AsSpan((int)Math.Min(offset, Length), count).CopyTo(destination);
        return count;
    }

    public void Write(ReadOnlySpan<byte> source, long offset)
    {
        Extend(offset + source.Length);
        source.CopyTo(_bytes.AsSpan((int)offset));
    }

    public void Extend(long length)
    {
        if (length > _bytes.Length)
            Array.Resize(ref _bytes, (int)Math.Max(length, 2L * _bytes.Length));
        Length = Math.Max(Length, (int)length);
    }

    public byte[] ToArray() => _bytes[..Length];
}
