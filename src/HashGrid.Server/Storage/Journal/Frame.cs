namespace HashGrid.Server.Storage.Journal;

/// <summary>One verified frame as the reader found it. <see cref="Bytes"/> is valid until the reader moves on.</summary>
/// <param name="Address">Journal address of the entry: FASTER's 4-byte length, then the frame.</param>
/// <param name="EndAddress">Address behind the entry.</param>
/// <param name="Header">The checked header.</param>
/// <param name="Bytes">The whole frame.</param>
internal readonly record struct Frame(long Address, long EndAddress, FrameHeader Header, ReadOnlyMemory<byte> Bytes)
{
    public long Sequence => Header.Sequence;

    public ReadOnlySpan<byte> Payload => Bytes.Span[FrameHeader.Bytes..];
}
