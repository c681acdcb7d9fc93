namespace HashGrid.Server.Storage.Journal;

/// <summary>How much longer a commit may take, in time in which this process ran.</summary>
/// <remarks>
/// A process that is stopped and goes on (SIGSTOP, a frozen container, a machine that slept) finds the time gone, though the disk is not
/// to blame. So time is counted in slices, and one that took longer than it was asked for counts as what was asked. Not thread-safe.
/// </remarks>
internal sealed class StallTimer(TimeSpan limit, TimeProvider time)
{
    private const int Slices = 8;

    private TimeSpan _left = limit;

    /// <summary>How long to wait at once, at most.</summary>
    public TimeSpan Slice { get; } = limit / Slices;

    /// <summary>Waits for a pulse of the monitor; the caller holds its lock.</summary>
    /// <param name="monitor">What is pulsed.</param>
    /// <param name="slice">How long, at most <see cref="Slice"/>.</param>
    /// <returns>False once the limit is spent.</returns>
    public bool Wait(object monitor, TimeSpan slice)
    {
        long began = time.GetTimestamp();
        Monitor.Wait(monitor, slice);
        TimeSpan waited = time.GetElapsedTime(began);
        _left -= waited < slice ? waited : slice;
        return _left > TimeSpan.Zero;
    }
}
