namespace HashGrid.Index.Persistence;

/// <summary>One entry of the section table, and where its bytes are in memory.</summary>
internal sealed unsafe class Section
{
    public required SectionKind Kind { get; init; }

    public required int Segment { get; init; }

    public required long Length { get; init; }

    public required ulong Argument { get; init; }

    public long Offset { get; set; }

    public uint Crc { get; set; }

    public byte* Bytes { get; init; }

    /// <summary>Calls back with the content piece by piece, since a span cannot be longer than 2^31 bytes.</summary>
    public void ForEachPiece(int pieceBytes, SectionPiece action)
    {
        for (long at = 0; at < Length; at += pieceBytes)
        {
            action(at, new ReadOnlySpan<byte>(Bytes + at, (int)Math.Min(pieceBytes, Length - at)));
        }
    }
}
