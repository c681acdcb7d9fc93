namespace HashGrid.Server.Storage.Journal;

/// <summary>A shared frame that may still take records. Whoever put one holds on to it, for its address is known only once it is in the log.</summary>
internal sealed class OpenFrame
{
    private long _address;

    /// <summary>Journal address of the entry; 0 while the frame is open. Known to whoever has seen one of its sequences durable.</summary>
    public long Address
    {
        get => Volatile.Read(ref _address);
        set => Volatile.Write(ref _address, value);
    }
}
