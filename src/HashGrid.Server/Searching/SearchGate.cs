using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Searching;

/// <summary>
/// Lets a bounded number of searches run, since a search is a core's work and more at once are only slower, and a bounded number be in flight,
/// of each caller and of all. A search takes a place first: streams wait for one, single searches are refused without, and an eighth is theirs
/// alone. Then it waits for its turn: turns go round between callers, and within a caller between its single searches and each of its streams.
/// </summary>
/// <remarks>Thread-safe. A cancelled search leaves at once.</remarks>
public sealed class SearchGate
{
    private static readonly EncodeLoad One = new(1, 0, 0);

    private readonly Lock _gate = new();
    // One entry for each search that waits: whose turn it is. Which search of that caller, its own queue says.
    private readonly FairQueue<SearchCaller> _turns = new();
    private readonly AdmissionBudget _places;
    private readonly int _perCaller;
    private int _free;

    /// <param name="concurrent">Searches that run at once.</param>
    /// <param name="maxQueued">Searches in flight beside them, of all callers.</param>
    /// <param name="maxPerCaller">Searches of one caller in flight: its single ones, and seven eighths of it on streams.</param>
    public SearchGate(int concurrent, int maxQueued, int maxPerCaller)
    {
        (_free, _perCaller) = (concurrent, maxPerCaller);
        int places = concurrent + maxQueued;
        _places = new AdmissionBudget(EncodeLoad.Unbounded with { Items = places }, reserve: One with { Items = places / 8 });
    }

    /// <summary>Searches that wait for their turn now.</summary>
    public int Waiting
    {
        get { lock (_gate) return _turns.Count; }
    }

    /// <summary>Searches in flight, from <see cref="TakePlace"/> to <see cref="ReturnPlace"/>.</summary>
    public int InFlight => _places.Items;

    public SearchCaller OpenCaller()
    {
        AdmissionShare calls = _places.OpenShare(EncodeLoad.Unbounded with { Items = _perCaller }, weight: 1);
        AdmissionShare streams = _places.OpenShare(EncodeLoad.Unbounded with { Items = _perCaller - _perCaller / 8 }, weight: 1);
        lock (_gate) return new SearchCaller(_turns.AddLane(weight: 1), calls, streams);
    }

    /// <summary>A lane for one of the caller's streams.</summary>
    public SearchLane OpenStream(SearchCaller caller)
    {
        lock (_gate) return new SearchLane(caller, caller.Waiting.AddLane(weight: 1), caller.Streams);
    }

    /// <summary>Takes a place at once, or none: for single searches, which cannot wait outside.</summary>
    /// <exception cref="ServiceException">The caller, or all together, have too many in flight.</exception>
    public void TakePlace(SearchLane lane)
    {
        if (_places.TryTake(lane.Share, One)) return;
        int own = lane.Share.Held.Items;
        throw new ServiceException(ErrorReason.SearchQueueFull, own >= _perCaller
            ? $"this caller has {own} searches in flight, and {_perCaller} are allowed; try again after the hint, or search on a stream, which waits by itself"
            : $"{_places.Items} searches are in flight, and {_places.Limit.Items} are allowed; try again after the hint, or search on a stream, which waits by itself");
    }

    /// <summary>Takes a place, waiting for it if need be: for streams, which read no further meanwhile.</summary>
    public Task TakePlaceAsync(SearchLane lane, CancellationToken ct) => _places.TakeAsync(lane.Share, One, ct);

    public void ReturnPlace(SearchLane lane) => _places.Release(lane.Share, One);

    /// <summary>Waits for a turn; give it back with <see cref="Leave"/>.</summary>
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
            waiter = new SearchWaiter(lane);
            lane.Caller.Waiting.Enqueue(lane.Queue, waiter.Node);
            _turns.Enqueue(lane.Caller.Turns, new LinkedListNode<SearchCaller>(lane.Caller));
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
            if (_turns.Dequeue() is not { Value: { } caller })
            {
                _free++;
                return;
            }
            SearchWaiter next = caller.Waiting.Dequeue()!.Value;
            next.Cancellation.Unregister();   // never Dispose: it would wait for a callback that waits for this lock
            next.Turn.TrySetResult();
        }
    }

    private void Cancel(SearchWaiter waiter, CancellationToken token)
    {
        lock (_gate)
        {
            if (waiter.Node.List is null) return;   // its turn has come
            SearchCaller caller = waiter.Lane.Caller;
            caller.Waiting.Remove(waiter.Lane.Queue, waiter.Node);
            _turns.RemoveLast(caller.Turns);
        }
        waiter.Turn.TrySetCanceled(token);
    }
}
