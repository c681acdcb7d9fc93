namespace HashGrid.Server.Storage;

/// <summary>What a journal frame says. The numbers are on disk.</summary>
public enum JournalRecordKind : byte
{
    /// <summary>The store's id and model; always sequence 1.</summary>
    Identity = 1,

    /// <summary>A code was stored or replaced.</summary>
    Put = 2,

    /// <summary>A code was removed.</summary>
    Remove = 3,

    /// <summary>A stream position was taken without a change.</summary>
    Position = 4,

    /// <summary>An item of a stream was refused.</summary>
    Refuse = 5,
}
