namespace HashGrid.Server.Tests.Support;

/// <summary>A clock that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, in the order of their due times.</summary>
internal sealed class FakeClock : TimeProvider
{
    private readonly PriorityQueue<Timer, (long Due, long Order)> _timers = new();
    private long _order;
    private long _ticks;

    public static DateTimeOffset Epoch { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Epoch.AddTicks(_ticks);

    public override long GetTimestamp() => _ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        long end = _ticks + by.Ticks;
        while (_timers.TryPeek(out Timer? timer, out (long Due, long Order) key) && key.Due <= end)
        {
            _timers.Dequeue();
            _ticks = Math.Max(_ticks, key.Due);
            timer.Fire(key.Due);
        }
        _ticks = end;
    }

    private sealed class Timer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        private long _due = -1;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero) throw new NotSupportedException("only single shots are needed here");
            _due = dueTime == Timeout.InfiniteTimeSpan ? -1 : clock._ticks + dueTime.Ticks;
            if (_due >= 0) clock._timers.Enqueue(this, (_due, clock._order++));
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
