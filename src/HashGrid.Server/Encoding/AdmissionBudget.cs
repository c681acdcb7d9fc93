namespace HashGrid.Server.Encoding;

/// <summary>
/// A bound on what is held at once, of each stream and of all together. Streams that wait are let in by weight, images of one stream in
/// order; a stream at its own bound holds up nobody else. Part of the room is kept for callers that cannot wait.
/// </summary>
/// <remarks>Thread-safe. A cancelled waiter holds nothing. Taking and releasing cost O(log streams).</remarks>
public sealed class AdmissionBudget
{
    private readonly Lock _gate = new();
    // A stream brings its next image only after it was let in: without credit it would lose its turn each time, and its weight with it.
    private readonly FairQueue<AdmissionWaiter> _competing = new(credit: 4);
    private readonly EncodeLoad _ordinary;
    private EncodeLoad _held;

    /// <param name="limit">The most that all hold together.</param>
    /// <param name="reserve">Part of it that only <see cref="TryTake"/> reaches.</param>
    public AdmissionBudget(EncodeLoad limit, EncodeLoad reserve = default)
    {
        if (!new EncodeLoad(1, 1, 0).Fits(reserve, limit)) throw new ArgumentOutOfRangeException(nameof(limit), limit, $"the limit leaves no room beside the reserve {reserve}");
        (Limit, _ordinary) = (limit, limit - reserve);
        Common = OpenShare(limit, weight: 1);
    }

    public EncodeLoad Limit { get; }

    /// <summary>For callers without a bound of their own.</summary>
    public AdmissionShare Common { get; }

    /// <summary>What is held now.</summary>
    public EncodeLoad Held
    {
        get { lock (_gate) return _held; }
    }

    /// <summary>Images held now.</summary>
    public int Items => Held.Items;

    /// <summary>Bytes held now.</summary>
    public long Bytes => Held.Bytes;

    /// <param name="limit">The most that the stream may hold.</param>
    /// <param name="weight">Its part of the room when streams wait, relative to the others; positive.</param>
    public AdmissionShare OpenShare(EncodeLoad limit, double weight)
    {
        lock (_gate) return new AdmissionShare(limit, _competing.AddLane(weight));
    }

    /// <summary>Takes room at once, or not at all; reaches the reserve, and overtakes the waiters of other streams.</summary>
    public bool TryTake(AdmissionShare share, EncodeLoad load)
    {
        lock (_gate)
        {
            if (share.Waiters.Count > 0 || !load.Fits(share.Held, share.Limit) || !load.Fits(_held, Limit)) return false;
            Take(share, load);
            return true;
        }
    }

    /// <summary>Takes room, waiting for it if need be.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No waiting would ever make so much fit.</exception>
    public Task TakeAsync(AdmissionShare share, EncodeLoad load, CancellationToken ct)
    {
        if (!load.Fits(default, share.Limit) || !load.Fits(default, _ordinary))
            throw new ArgumentOutOfRangeException(nameof(load), load, $"more than the stream's limit {share.Limit}, or than {_ordinary} in all");
        var waiter = new AdmissionWaiter(share, load);
        lock (_gate)
        {
            share.Waiters.AddLast(waiter.InShare);
            Compete(share);
            Serve();
            if (waiter.InShare.List is null) return Task.CompletedTask;
        }
        CancellationTokenRegistration cancellation = ct.UnsafeRegister((state, token) => Leave((AdmissionWaiter)state!, token), waiter);
        lock (_gate)
        {
            waiter.Cancellation = cancellation;
            if (waiter.InShare.List is null) cancellation.Unregister();   // served between the two locks
        }
        return waiter.Admitted.Task;
    }

    /// <summary>Gives room back.</summary>
    public void Release(AdmissionShare share, EncodeLoad load)
    {
        lock (_gate)
        {
            share.Held -= load;
            _held -= load;
            Compete(share);
            Serve();
        }
    }

    private void Leave(AdmissionWaiter waiter, CancellationToken token)
    {
        AdmissionShare share = waiter.Share;
        lock (_gate)
        {
            if (waiter.InShare.List is null) return;   // served already
            share.Waiters.Remove(waiter.InShare);
            if (share.Competing == waiter)
            {
                _competing.Remove(share.Lane, waiter.InBudget);
                share.Competing = null;
            }
            Compete(share);
            Serve();   // a smaller one behind it may fit
        }
        waiter.Admitted.TrySetCanceled(token);
    }

    private void Compete(AdmissionShare share)
    {
        if (share.Competing is not null || share.Waiters.First?.Value is not { } first || !first.Load.Fits(share.Held, share.Limit)) return;
        share.Competing = first;
        _competing.Enqueue(share.Lane, first.InBudget);
    }

    private void Serve()
    {
        // The first in order waits for its room, however small the ones behind it are: large images must not starve.
        while (_competing.Peek() is { Value: { } waiter } && waiter.Load.Fits(_held, _ordinary))
        {
            _competing.Dequeue();
            AdmissionShare share = waiter.Share;
            share.Waiters.Remove(waiter.InShare);
            share.Competing = null;
            Take(share, waiter.Load);
            waiter.Cancellation.Unregister();   // never Dispose: it would wait for a callback that waits for this lock
            waiter.Admitted.TrySetResult();
            Compete(share);
        }
    }

    private void Take(AdmissionShare share, EncodeLoad load)
    {
        share.Held += load;
        _held += load;
    }
}
