namespace HashGrid.Server.Hosting;

/// <summary>Counts calls from their first byte to the last one of their answer, so that a stop can wait for both.</summary>
public sealed class CallCounter
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _idle;
    private int _active;

    /// <summary>Calls that are not answered completely.</summary>
    public int Active
    {
        get { lock (_gate) return _active; }
    }

    public void Enter()
    {
        lock (_gate) _active++;
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_active == 0) _idle?.TrySetResult();
        }
    }

    /// <summary>Completes as soon as no call is active.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate)
        {
            if (_active == 0) return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }
}
