namespace HashGrid.Server.Tests.Support;

/// <summary>A clock that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, in the order of their due times. Thread-safe, for one that advances.</summary>
internal sealed class FakeClock : TimeProvider
{
    private readonly PriorityQueue<Timer, (long Due, long Order)> _timers = new();
    private readonly Lock _lock = new();
    private long _order;
    private long _ticks;

    public static DateTimeOffset Epoch { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Epoch.AddTicks(Volatile.Read(ref _ticks));

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        long end = _ticks + by.Ticks;
        while (TakeDue(end) is { } due)
        {
            Volatile.Write(ref _ticks, Math.Max(_ticks, due.At));
            due.Timer.Fire(due.At);
        }
        Volatile.Write(ref _ticks, end);
    }

    private (Timer Timer, long At)? TakeDue(long end)
    {
        lock (_lock)
        {
            if (!_timers.TryPeek(out Timer? timer, out (long Due, long Order) key) || key.Due > end) return null;
            _timers.Dequeue();
            return (timer, key.Due);
        }
    }

    private sealed class Timer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        private long _due = -1;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero) throw new NotSupportedException("only single shots are needed here");
            lock (clock._lock)
            {
                _due = dueTime == Timeout.InfiniteTimeSpan ? -1 : clock._ticks + dueTime.Ticks;
                if (_due >= 0) clock._timers.Enqueue(this, (_due, clock._order++));
            }
            return true;
        }

        public void Fire(long due)
        {
            if (due != _due) return;   // changed or disposed since
            _due = -1;
            callback(state);
        }

        public void Dispose() => _due = -1;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
