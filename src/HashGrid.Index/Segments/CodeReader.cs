namespace HashGrid.Index.Segments;

/// <summary>Reads raw codes, or raw ids, from a stream straight into the memory that a segment will keep.</summary>
/// <param name="stream">Little-endian 64-bit words without a header.</param>
/// <param name="words">Words a row.</param>
/// <param name="name">What the caller calls it, for messages.</param>
internal sealed unsafe class CodeReader(Stream stream, int words, string name)
{
    /// <summary>Rows to begin with where the stream cannot tell its length.</summary>
    private const int FirstRows = 1 << 20;

    private const int PieceBytes = 4 << 20;

    private readonly int _rowBytes = words * sizeof(ulong);

    /// <summary>Rows left, if the stream can tell; one that is cut off counts.</summary>
    public long? RowsLeft => stream.CanSeek ? (stream.Length - stream.Position + _rowBytes - 1) / _rowBytes : null;

    /// <summary>Reads up to <paramref name="most"/> rows; fewer only at the end of the stream.</summary>
    /// <exception cref="ArgumentException">The stream ends within a row.</exception>
    public (NativeBlock Block, int Rows) Read(int most, Action<int>? advance)
    {
        int room = (int)Math.Min(most, RowsLeft ?? FirstRows);
        NativeBlock block = NativeBlock.Allocate((long)room * _rowBytes);
        long bytes = 0;
        while (true)
        {
            if (bytes == (long)room * _rowBytes)
            {
                if (room == most || stream.CanSeek) return (block, room);
                room = (int)Math.Min(most, room * 2L);
                NativeBlock wider = NativeBlock.Allocate((long)room * _rowBytes);
                Buffer.MemoryCopy(block.Pointer, wider.Pointer, wider.Length, bytes);
                block.Free();
                block = wider;
            }
            int read = stream.Read(new Span<byte>(block.Pointer + bytes, (int)Math.Min(PieceBytes, ((long)room * _rowBytes) - bytes)));
            if (read == 0) break;
            advance?.Invoke((int)(((bytes + read) / _rowBytes) - (bytes / _rowBytes)));
            bytes += read;
        }
        if (bytes % _rowBytes != 0)
        {
            block.Free();
            throw new ArgumentException($"{name} ends {bytes % _rowBytes} bytes into row {bytes / _rowBytes}, but a row is {_rowBytes} bytes", name);
        }
        return (block, (int)(bytes / _rowBytes));
    }
}
