namespace HashGrid.Server.Storage.Journal;

/// <summary>Where the journal ends, up to some frame.</summary>
/// <param name="Sequence">Of the last frame; 0 if there is none.</param>
/// <param name="Address">Behind the last frame.</param>
/// <param name="Link">Crc of the last frame, which the next one repeats.</param>
internal sealed record JournalTail(long Sequence, long Address, uint Link)
{
    /// <summary>FASTER keeps the first 64 bytes of the address space for itself.</summary>
    public const long FirstAddress = 64;

    /// <summary>An empty journal. Its link is the store's own, so that frames of another store never fit.</summary>
    public static JournalTail Empty(Guid storeId) => new(0, FirstAddress, Crc32C.Compute(storeId.ToByteArray()));
}
