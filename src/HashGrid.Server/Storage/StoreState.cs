namespace HashGrid.Server.Storage;

/// <summary>What a <see cref="CodeStore"/> accepts.</summary>
public enum StoreState
{
    /// <summary>Reads and writes.</summary>
    Open,

    /// <summary>Reads only: a device failed, and what it really holds is in doubt. <see cref="CodeStore.Fault"/> tells why; restart to recover.</summary>
    ReadOnly,

    /// <summary>Disposed.</summary>
    Closed,
}
