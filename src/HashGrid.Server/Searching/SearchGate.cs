using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Searching;

/// <summary>
/// Lets a bounded number of searches run, and a bounded number wait: a search is a core's work, and more at once are only slower. Who
/// waits is served in fair order between lanes, so that a stream of a thousand queries does not hold up a single one.
/// </summary>
/// <remarks>Thread-safe. A cancelled search leaves at once.</remarks>
public sealed class SearchGate
{
    private readonly Lock _gate = new();
    private readonly FairQueue<SearchWaiter> _queue = new();
    private readonly int _maxWaiting;
    private int _free;

    /// <param name="concurrent">Searches that run at once.</param>
    /// <param name="maxWaiting">Searches that wait at most.</param>
    public SearchGate(int concurrent, int maxWaiting)
    {
        (_free, _maxWaiting) = (concurrent, maxWaiting);
        // Searches that are calls of their own go before streams when both come at the same time.
        Single = OpenLane(weight: 8);
    }

    /// <summary>For searches that are calls of their own, of all callers.</summary>
    public SearchLane Single { get; }

    /// <summary>Searches that wait now.</summary>
    public int Waiting
    {
        get { lock (_gate) return _queue.Count; }
    }

    /// <param name="weight">The lane's share of the turns, relative to others; positive.</param>
    public SearchLane OpenLane(double weight)
    {
        lock (_gate) return new SearchLane(_queue.AddLane(weight));
    }

    /// <summary>Waits for a turn; give it back with <see cref="Leave"/>.</summary>
    /// <exception cref="ServiceException">Too many wait already.</exception>
    public Task EnterAsync(SearchLane lane, CancellationToken ct)
    {
        SearchWaiter waiter;
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }
            if (_queue.Count >= _maxWaiting) throw new ServiceException(ErrorReason.SearchQueueFull, $"{_maxWaiting} searches wait already; try again after the hint");
            waiter = new SearchWaiter(lane);
            _queue.Enqueue(lane.Queue, waiter.Node);
        }
        CancellationTokenRegistration cancellation = ct.UnsafeRegister((state, token) => Cancel((SearchWaiter)state!, token), waiter);
        lock (_gate)
        {
            waiter.Cancellation = cancellation;
            if (waiter.Node.List is null) cancellation.Unregister();   // served between the two locks
        }
        return waiter.Turn.Task;
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (_queue.Dequeue() is not { } next)
            {
                _free++;
                return;
            }
            next.Value.Cancellation.Unregister();   // never Dispose: it would wait for a callback that waits for this lock
            next.Value.Turn.TrySetResult();
        }
    }

    private void Cancel(SearchWaiter waiter, CancellationToken token)
    {
        lock (_gate)
        {
            if (waiter.Node.List is null) return;   // its turn has come
            _queue.Remove(waiter.Lane.Queue, waiter.Node);
        }
        waiter.Turn.TrySetCanceled(token);
    }
}
