namespace HashGrid.Server.Tests.Storage.Crash;

/// <summary>One step in the life of a <see cref="CrashDisk"/>, in the order in which it happened.</summary>
internal abstract record DiskEvent
{
    /// <summary>A file came to be; its name is durable once its folder is synced.</summary>
    public sealed record Created(string Path) : DiskEvent;

    /// <summary>A name went away; it may be back after a crash until its folder is synced.</summary>
    public sealed record Deleted(string Path) : DiskEvent;

    /// <summary>Bytes were handed over; nothing is durable by that.</summary>
    public sealed record Wrote(string Path, long Offset, byte[] Data) : DiskEvent;

    /// <summary>A file got longer.</summary>
    public sealed record Reserved(string Path, long Length) : DiskEvent;

    /// <summary>A sync returned; it covers what happened before it began.</summary>
    public sealed record Synced(string Path, int Covers) : DiskEvent;

    /// <summary>A sync failed. What it should have covered is never written by a later one: the kernel calls those pages clean.</summary>
    public sealed record SyncFailed(string Path, int Covers) : DiskEvent;

    /// <summary>A folder's sync returned.</summary>
    public sealed record FolderSynced(string Folder, int Covers) : DiskEvent;

    /// <summary>A client was told that everything up to a sequence is durable.</summary>
    public sealed record Acknowledged(long Sequence) : DiskEvent;
}
