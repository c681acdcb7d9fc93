namespace HashGrid.Server.Storage.Checking;

/// <summary>Something in a store's files that is not as it should be, and where.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="File">Relative to the store's folder.</param>
/// <param name="Offset">In the file, in bytes.</param>
/// <param name="Message">One line: what was found and what was expected.</param>
public sealed record StoreFinding(FindingSeverity Severity, string File, long Offset, string Message) : JournalPiece
{
    /// <summary>Bytes from the offset on that the disk can not read; 0 where it can.</summary>
    public long UnreadableBytes { get; init; }

    /// <summary>First journal sequence that can not be read because of it; 0 if none is lost.</summary>
    public long FirstLost { get; init; }

    /// <summary>Last journal sequence that can not be read because of it; 0 if none is lost.</summary>
    public long LastLost { get; init; }

    /// <summary>Journal sequences that can not be read.</summary>
    public long Lost => FirstLost == 0 ? 0 : LastLost - FirstLost + 1;
}
