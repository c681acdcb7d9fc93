using System.Diagnostics.CodeAnalysis;

namespace HashGrid.Server.Encoding;

/// <summary>The deadlines of items that wait, earliest first, and one timer for the earliest. The scheduler's lock guards it.</summary>
/// <remarks>Adding and removing cost O(log items); a removed item leaves nothing behind.</remarks>
internal sealed class DeadlineQueue : IDisposable
{
    // Timers know milliseconds, and no more than some weeks; one that fires early is set again.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1), Longest = TimeSpan.FromDays(1);

    private readonly SortedSet<EncodeItem> _items = new(Comparer<EncodeItem>.Create(static (a, b) =>
        a.Deadline != b.Deadline ? a.Deadline.CompareTo(b.Deadline) : a.Number.CompareTo(b.Number)));
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private DateTimeOffset _armed = DateTimeOffset.MaxValue;

    /// <param name="time">The clock.</param>
    /// <param name="due">Called without the lock when a deadline may have passed; takes the expired ones, then calls <see cref="Arm"/>.</param>
    public DeadlineQueue(TimeProvider time, Action due)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((Action)state!)(), due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(EncodeItem item)
    {
        if (item.Deadline == DateTimeOffset.MaxValue) return;
        _items.Add(item);
        if (item.Deadline < _armed) Arm();
    }

    public void Remove(EncodeItem item)
    {
        if (item.Deadline != DateTimeOffset.MaxValue) _items.Remove(item);
    }

    public bool TryTakeExpired([NotNullWhen(true)] out EncodeItem? item)
    {
        item = _items.Min;
        if (item is null || item.Deadline > _time.GetUtcNow())
        {
            item = null;
            return false;
        }
        return _items.Remove(item);
    }

    /// <summary>Sets the timer for the earliest deadline.</summary>
    public void Arm()
    {
        if (_items.Min is not { } first)
        {
            _armed = DateTimeOffset.MaxValue;
            return;
        }
        _armed = first.Deadline;
        TimeSpan wait = first.Deadline - _time.GetUtcNow();
        _timer.Change(wait < Shortest ? Shortest : wait > Longest ? Longest : wait, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();
}
