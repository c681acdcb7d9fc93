using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Indexing;

/// <summary>Takes snapshots of a serving index whenever its policy says so, at low priority.</summary>
public sealed class SnapshotSchedule : IAsyncDisposable
{
    /// <summary>How often the policy is asked.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // A disk that has no room for the file is not asked every second.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private readonly IndexHost _index;
    private readonly SnapshotPolicy _policy;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="index">The index; must outlive the schedule.</param>
    /// <param name="policy">When.</param>
    /// <param name="logger">Told of each snapshot and each failure.</param>
    /// <param name="time">Clock of the intervals.</param>
    public SnapshotSchedule(IndexHost index, SnapshotPolicy policy, ILogger logger, TimeProvider time)
    {
        (_index, _policy, _logger, _time) = (index, policy, logger, time);
        _loop = RunAsync();
    }

    /// <summary>Gives up the snapshot that is being written, if one is, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        long last = _time.GetTimestamp();
        long? failed = null;
        try
        {
            while (true)
            {
                await Task.Delay(Period, _time, _stop.Token);
                if (_index.State != IndexState.Ready || (failed is { } at && _time.GetElapsedTime(at) < RetryAfter))
                    continue;
                if (!_policy.IsDue(_index.ChangesSinceSnapshot, _index.Index.Count, _time.GetElapsedTime(last)))
                    continue;
                failed = await TakeAsync() ? null : _time.GetTimestamp();
                last = _time.GetTimestamp();
            }
        }
        catch (OperationCanceledException)
        {
            // The end that DisposeAsync asks for.
        }
    }

    private async Task<bool> TakeAsync()
    {
        try
        {
            SnapshotInfo snapshot = await _index.SnapshotAsync(inBackground: true, _stop.Token);
            _logger.Snapshot(snapshot.Sequence, snapshot.Bytes, (long)snapshot.Elapsed.TotalMilliseconds);
            return true;
        }
        catch (CodeStoreException e)
        {
            _logger.SnapshotFailed(e.Message);
            return false;
        }
    }
}
