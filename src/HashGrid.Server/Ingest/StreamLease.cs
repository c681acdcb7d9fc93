namespace HashGrid.Server.Ingest;

/// <summary>The right to write one stream; dispose it after the last record.</summary>
public sealed class StreamLease : IDisposable
{
    private readonly StreamRegistry _registry;
    private readonly Task _former;
    private readonly CancellationTokenSource _takenOver = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal StreamLease(StreamRegistry registry, string streamId, Task former) => (_registry, StreamId, _former) = (registry, streamId, former);

    public string StreamId { get; }

    /// <summary>Cancelled when a newer call has opened the same stream.</summary>
    public CancellationToken TakenOver => _takenOver.Token;

    /// <summary>Neither this lease nor one before it writes any more.</summary>
    internal Task Ended => _ended.Task;

    internal void TakeOver() => _takenOver.Cancel();

    public void Dispose()
    {
        _registry.Remove(this);
        // A lease that gave up waiting for the one before it must not let the next one start early.
        _former.ContinueWith(static (_, ended) => ((TaskCompletionSource)ended!).TrySetResult(), _ended, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
