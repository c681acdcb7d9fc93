namespace HashGrid.Server.Encoding;

/// <summary>A bound on items and bytes held at once, shared by all callers. Waiters are served in the order of their coming.</summary>
/// <remarks>Thread-safe. A cancelled waiter holds nothing.</remarks>
public sealed class AdmissionBudget
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private int _items;
    private long _bytes;

    public AdmissionBudget(int maxItems, long maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxItems);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        (MaxItems, MaxBytes) = (maxItems, maxBytes);
    }

    public int MaxItems { get; }

    public long MaxBytes { get; }

    /// <summary>Items held now.</summary>
    public int Items => Volatile.Read(ref _items);

    /// <summary>Bytes held now.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Takes room for one item at once, or not at all; never overtakes a waiter.</summary>
    public bool TryTake(long bytes)
    {
        lock (_gate)
        {
            if (_waiters.Count > 0 || !Fits(bytes)) return false;
            Take(bytes);
            return true;
        }
    }

    /// <summary>Takes room for one item, waiting for it if need be.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No waiting would ever make so many bytes fit.</exception>
    public ValueTask TakeAsync(long bytes, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaxBytes);
        if (TryTake(bytes)) return ValueTask.CompletedTask;
        return WaitAsync(bytes, ct);
    }

    /// <summary>Gives room back.</summary>
    public void Release(int items, long bytes)
    {
        lock (_gate)
        {
            _items -= items;
            _bytes -= bytes;
            ServeWaiters();
        }
    }

    private async ValueTask WaitAsync(long bytes, CancellationToken ct)
    {
        var waiter = new Waiter(bytes);
        lock (_gate)
        {
            _waiters.AddLast(waiter.Node);
            ServeWaiters();   // room may have come between the two locks
        }
        using CancellationTokenRegistration cancel = ct.UnsafeRegister(static (state, token) =>
            ((Action<CancellationToken>)state!)(token), (Action<CancellationToken>)(token => Leave(waiter, token)));
        await waiter.Admitted.Task.ConfigureAwait(false);
    }

    private void Leave(Waiter waiter, CancellationToken token)
    {
        lock (_gate)
        {
            if (waiter.Node.List is null) return;   // served already
            _waiters.Remove(waiter.Node);
            ServeWaiters();   // a smaller one behind it may fit
        }
        waiter.Admitted.TrySetCanceled(token);
    }

    private void ServeWaiters()
    {
        while (_waiters.First is { } first && Fits(first.Value.Bytes))
        {
            _waiters.RemoveFirst();
            Take(first.Value.Bytes);
            first.Value.Admitted.TrySetResult();
        }
    }

    private bool Fits(long bytes) => _items < MaxItems && bytes <= MaxBytes - _bytes;

    private void Take(long bytes)
    {
        _items++;
        _bytes += bytes;
    }

    private sealed class Waiter
    {
        public Waiter(long bytes) => (Bytes, Node) = (bytes, new LinkedListNode<Waiter>(this));

        public long Bytes { get; }

        public LinkedListNode<Waiter> Node { get; }

        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
