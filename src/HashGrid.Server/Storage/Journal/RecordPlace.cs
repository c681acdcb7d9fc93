namespace HashGrid.Server.Storage.Journal;

/// <summary>Where the journal holds one put: the entry of its frame, and which of the frame's records it is.</summary>
/// <param name="Address">Journal address of the entry; below 2^55.</param>
/// <param name="Ordinal">From 0; a shared frame has at most <see cref="SharedFrameWriter.MaxRecords"/> records.</param>
internal readonly record struct RecordPlace(long Address, int Ordinal)
{
    /// <summary>Both in one number, as the code table keeps it.</summary>
    public long Packed => Address << 8 | (byte)Ordinal;

    public static RecordPlace Unpack(long packed) => new(packed >> 8, (int)(packed & 0xFF));
}
