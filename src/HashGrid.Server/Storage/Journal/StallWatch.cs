namespace HashGrid.Server.Storage.Journal;

/// <summary>How much longer something may take that waits for the disk, in time in which this process ran.</summary>
/// <remarks>
/// A process that is stopped and goes on (SIGSTOP, a frozen container, a machine that slept) finds the time gone, though the disk is not
/// to blame. So time is counted in slices, and one that took longer than it was asked for counts as what was asked. Not thread-safe.
/// </remarks>
internal sealed class StallWatch(TimeSpan limit)
{
    private const int Slices = 8;

    private object? _awaited;
    private TimeSpan _left;

    /// <summary>How long to wait at once, at most.</summary>
    public TimeSpan Slice { get; } = limit / Slices;

    /// <summary>What is awaited now; null for nothing. Time counts from here on if it is something else than before.</summary>
    public void Look(object? awaited)
    {
        if (!ReferenceEquals(_awaited, awaited))
            (_awaited, _left) = (awaited, limit);
    }

    /// <summary>Whether the limit is spent and the same is awaited still.</summary>
    /// <param name="awaited">What is awaited now.</param>
    /// <param name="waited">Since the last look.</param>
    /// <param name="asked">How long the wait was to take at most.</param>
    public bool IsStalled(object? awaited, TimeSpan waited, TimeSpan asked)
    {
        if (awaited is null || !ReferenceEquals(_awaited, awaited))
            return false;
        _left -= waited < asked ? waited : asked;
        return _left <= TimeSpan.Zero;
    }
}
