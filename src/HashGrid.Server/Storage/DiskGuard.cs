namespace HashGrid.Server.Storage;

/// <summary>Refuses new codes and index snapshots before the disk is full, so that removes and the last commit still find room.</summary>
internal sealed class DiskGuard(CodeStoreOptions options)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private long _checkedAt;
    private long _free = long.MaxValue;

    /// <exception cref="CodeStoreException">Less than <see cref="CodeStoreOptions.MinFreeBytes"/> are free.</exception>
    public void ThrowIfFull()
    {
        if (_checkedAt == 0 || options.Time.GetElapsedTime(_checkedAt) >= Interval)
        {
            _free = options.Files.FreeBytes(options.Directory);
            _checkedAt = options.Time.GetTimestamp();
        }
        if (_free < options.MinFreeBytes)
        {
            throw new CodeStoreException(
                CodeStoreProblem.DiskFull,
                $"the disk of '{options.Directory}' has {_free} bytes free, but {options.MinFreeBytes} are kept for removes and commits; free some space, nothing that was acknowledged is lost");
        }
    }

    /// <summary>Before a file is written that the store can do without.</summary>
    /// <param name="folder">Where it is to be.</param>
    /// <param name="bytes">Its size, or more.</param>
    /// <exception cref="CodeStoreException">It would take of the <see cref="CodeStoreOptions.MinFreeBytes"/>.</exception>
    public void ThrowIfNoRoomFor(string folder, long bytes)
    {
        long free = options.Files.FreeBytes(folder);
        if (free - options.MinFreeBytes < bytes)
        {
            throw new CodeStoreException(
                CodeStoreProblem.DiskFull,
                $"the disk of '{folder}' has {free} bytes free, but an index snapshot takes up to {bytes} and {options.MinFreeBytes} are kept for removes and commits; free some space, nothing is lost, the next start takes longer");
        }
    }
}
