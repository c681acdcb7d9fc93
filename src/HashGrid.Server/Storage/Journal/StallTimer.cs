namespace HashGrid.Server.Storage.Journal;

/// <summary>How much longer a commit may take, in time in which this process ran.</summary>
/// <remarks>
/// A process that is stopped and goes on (SIGSTOP, a frozen container, a machine that slept) finds the time gone, though the disk is not
/// to blame. So time is counted in slices, and one that took longer than it was asked for counts as what was asked. Not thread-safe.
/// </remarks>
internal sealed class StallTimer(TimeSpan limit, TimeProvider time)
{
    private const int Slices = 8;

    private readonly TimeSpan _slice = limit / Slices;
    private TimeSpan _left = limit;

    /// <summary>Waits for a pulse of the monitor, for a slice at most; the caller holds its lock.</summary>
    /// <returns>False once the limit is spent.</returns>
    public bool Wait(object monitor)
    {
        long began = time.GetTimestamp();
        Monitor.Wait(monitor, _slice);
        TimeSpan waited = time.GetElapsedTime(began);
        _left -= waited < _slice ? waited : _slice;
        return _left > TimeSpan.Zero;
    }
}
