namespace HashGrid.Server.Storage.Journal;

/// <summary>Those who wait for a sequence to be durable, woken once, together.</summary>
internal sealed class DurableWaiters
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private long _durable;
    private CodeStoreException? _fault;

    public long Durable => Volatile.Read(ref _durable);

    public ValueTask WaitAsync(long sequence, CancellationToken ct)
    {
        if (sequence <= Durable)
            return ValueTask.CompletedTask;
        TaskCompletionSource source;
        lock (_lock)
        {
            if (sequence <= _durable)
                return ValueTask.CompletedTask;
            if (_fault is not null)
                return ValueTask.FromException(Copy(_fault));
            source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(source, sequence);
        }
        return new ValueTask(ct.CanBeCanceled ? source.Task.WaitAsync(ct) : source.Task);
    }

    public void Advance(long durable)
    {
        lock (_lock)
        {
            if (_fault is not null || durable <= _durable)
                return;
            Volatile.Write(ref _durable, durable);
            while (_waiting.TryPeek(out TaskCompletionSource? source, out long sequence) && sequence <= durable)
            {
                _waiting.Dequeue();
                source.TrySetResult();
            }
        }
    }

    /// <summary>Nothing becomes durable any more: whoever waits learns why.</summary>
    public void Fail(CodeStoreException fault)
    {
        lock (_lock)
        {
            _fault ??= fault;
            while (_waiting.TryDequeue(out TaskCompletionSource? source, out _))
            {
                source.TrySetException(Copy(fault));
                // A waiter that was cancelled leaves its task unobserved.
                _ = source.Task.Exception;
            }
        }
    }

    // Each thrower needs its own stack trace.
    private static CodeStoreException Copy(CodeStoreException fault) => new(fault.Reason, fault.Message, fault.Offset, fault);
}
