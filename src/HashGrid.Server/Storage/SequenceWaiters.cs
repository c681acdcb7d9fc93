namespace HashGrid.Server.Storage;

/// <summary>Those who wait for a store sequence to be reached, woken in order: to be durable in the journal, to be applied in the index.</summary>
internal sealed class SequenceWaiters
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private long _reached;
    private Func<Exception>? _fault;

    public long Reached => Volatile.Read(ref _reached);

    public ValueTask WaitAsync(long sequence, CancellationToken ct)
    {
        if (sequence <= Reached)
            return ValueTask.CompletedTask;
        TaskCompletionSource source;
        lock (_lock)
        {
            if (sequence <= _reached)
                return ValueTask.CompletedTask;
            if (_fault is not null)
                return ValueTask.FromException(_fault());
            source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(source, sequence);
        }
        return new ValueTask(ct.CanBeCanceled ? source.Task.WaitAsync(ct) : source.Task);
    }

    public void Advance(long reached)
    {
        lock (_lock)
        {
            if (_fault is not null || reached <= _reached)
                return;
            Volatile.Write(ref _reached, reached);
            while (_waiting.TryPeek(out TaskCompletionSource? source, out long sequence) && sequence <= reached)
            {
                _waiting.Dequeue();
                source.TrySetResult();
            }
        }
    }

    /// <summary>Nothing is reached any more: whoever waits learns why.</summary>
    /// <param name="fault">Makes the exception; each thrower needs one of its own, with its own stack trace.</param>
    public void Fail(Func<Exception> fault)
    {
        lock (_lock)
        {
            _fault ??= fault;
            while (_waiting.TryDequeue(out TaskCompletionSource? source, out _))
            {
                source.TrySetException(fault());
                // A waiter that was cancelled leaves its task unobserved.
                _ = source.Task.Exception;
            }
        }
    }
}
