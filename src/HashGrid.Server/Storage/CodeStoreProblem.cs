namespace HashGrid.Server.Storage;

/// <summary>Why a store refused; the same name appears in exception, log and metric.</summary>
public enum CodeStoreProblem
{
    /// <summary>The store was written with other weights.</summary>
    WrongModel,

    /// <summary>The store holds codes of another width.</summary>
    WrongWidth,

    /// <summary>Another process, or another store in this one, owns the folder.</summary>
    InUse,

    /// <summary>Bytes on disk make no sense.</summary>
    Damaged,

    /// <summary>A newer HashGrid wrote the store.</summary>
    NewerFormat,

    /// <summary>A device failed earlier; the store only answers reads until it is opened again.</summary>
    ReadOnly,

    /// <summary>Too little free space to accept more; reads and removes go on.</summary>
    DiskFull,

    /// <summary>The folder can not be created or written.</summary>
    NotWritable,

    /// <summary>The folder holds no store.</summary>
    NotFound,

    /// <summary>A copy is of another store, or of another history of this one.</summary>
    OtherHistory,

    /// <summary>The device did not answer in time.</summary>
    Stalled,

    /// <summary>The store is closed.</summary>
    Closed,
}
