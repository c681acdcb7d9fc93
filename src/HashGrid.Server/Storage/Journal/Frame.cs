namespace HashGrid.Server.Storage.Journal;

/// <summary>One verified frame as the reader found it. <see cref="Bytes"/> is valid until the reader moves on.</summary>
/// <param name="Address">Journal address of the entry: FASTER's 4-byte length, then the frame.</param>
/// <param name="EndAddress">Address behind the entry.</param>
/// <param name="Header">The checked header.</param>
/// <param name="Bytes">The whole frame.</param>
internal readonly record struct Frame(long Address, long EndAddress, FrameHeader Header, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Of the first record.</summary>
    public long Sequence => Header.Sequence;

    /// <summary>Records that the frame stands for; each has a sequence of its own.</summary>
    public int Count => Header.Kind == Payloads.Puts && Header.Length > FrameHeader.Bytes ? Math.Max(1, (int)Bytes.Span[FrameHeader.Bytes]) : 1;

    /// <summary>Of the last record.</summary>
    public long LastSequence => Sequence + Count - 1;

    /// <summary>Where the journal ends if this is its last frame.</summary>
    public JournalTail Tail => new(LastSequence, EndAddress, Header.Crc);

    public ReadOnlySpan<byte> Payload => Bytes.Span[FrameHeader.Bytes..];
}
