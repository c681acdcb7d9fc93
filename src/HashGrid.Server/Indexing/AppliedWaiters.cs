namespace HashGrid.Server.Indexing;

/// <summary>Those who wait until the index has applied a store sequence.</summary>
internal sealed class AppliedWaiters
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private long _applied;
    private Exception? _fault;

    public long Applied => Volatile.Read(ref _applied);

    public ValueTask WaitAsync(long sequence, CancellationToken ct)
    {
        if (sequence <= Applied)
            return ValueTask.CompletedTask;
        TaskCompletionSource source;
        lock (_lock)
        {
            if (sequence <= _applied)
                return ValueTask.CompletedTask;
            if (_fault is not null)
                return ValueTask.FromException(_fault);
            source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(source, sequence);
        }
        return new ValueTask(source.Task.WaitAsync(ct));
    }

    public void Advance(long sequence)
    {
        Volatile.Write(ref _applied, sequence);
        lock (_lock)
        {
            while (_waiting.TryPeek(out TaskCompletionSource? source, out long wanted) && wanted <= sequence)
            {
                _waiting.Dequeue();
                source.TrySetResult();
            }
        }
    }

    public void Fail(Exception fault)
    {
        lock (_lock)
        {
            _fault ??= fault;
            while (_waiting.TryDequeue(out TaskCompletionSource? source, out _))
            {
                source.TrySetException(fault);
                _ = source.Task.Exception;
            }
        }
    }
}
