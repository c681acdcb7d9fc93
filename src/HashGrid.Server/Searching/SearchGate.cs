using HashGrid.Server.Errors;

namespace HashGrid.Server.Searching;

/// <summary>Lets a bounded number of searches run, and a bounded number wait: a search is a core's work, and more at once are only slower.</summary>
public sealed class SearchGate(int concurrent, int maxWaiting) : IDisposable
{
    private readonly SemaphoreSlim _free = new(concurrent);
    private int _waiting;

    /// <summary>Searches that wait now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Waits for a turn; give it back with <see cref="Leave"/>.</summary>
    /// <exception cref="ServiceException">Too many wait already.</exception>
    public ValueTask EnterAsync(CancellationToken ct) => _free.Wait(0, CancellationToken.None) ? ValueTask.CompletedTask : QueueAsync(ct);

    public void Leave() => _free.Release();

    public void Dispose() => _free.Dispose();

    private async ValueTask QueueAsync(CancellationToken ct)
    {
        if (Interlocked.Increment(ref _waiting) > maxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new ServiceException(ErrorReason.SearchQueueFull, $"{maxWaiting} searches wait already; try again after the hint");
        }
        try
        {
            await _free.WaitAsync(ct);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
