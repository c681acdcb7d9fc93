using System.Collections.Concurrent;

namespace HashGrid.Server.Storage.Table;

/// <summary>Fills a view of the journal on a thread of its own while the journal is verified, in the order of the steps.</summary>
internal sealed class ReplaySteps<T> : IDisposable
{
    private const int BatchSteps = 8192;

    private readonly BlockingCollection<List<T>> _queue = new(boundedCapacity: 8);
    private readonly Task _taking;
    private List<T> _batch = new(BatchSteps);

    /// <param name="take">Takes steps in order, several at once; runs on that thread alone.</param>
    public ReplaySteps(Action<List<T>> take) => _taking = Task.Factory.StartNew(() => Take(take), TaskCreationOptions.LongRunning);

    public void Add(T step)
    {
        _batch.Add(step);
        if (_batch.Count == BatchSteps)
            Hand();
    }

    /// <summary>Returns when every step is taken.</summary>
    /// <exception cref="CodeStoreException">The view's disk failed.</exception>
    public void Finish()
    {
        Hand();
        _queue.CompleteAdding();
        _taking.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        // Whoever leaves early has an error of his own to tell.
        _ = _taking.ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
        ((IAsyncResult)_taking).AsyncWaitHandle.WaitOne();
        _queue.Dispose();
    }

    private void Hand()
    {
        // Whoever has failed takes nothing any more.
        while (!_queue.TryAdd(_batch, millisecondsTimeout: 100))
        {
            if (_taking.IsFaulted)
                _taking.GetAwaiter().GetResult();
        }
        _batch = new List<T>(BatchSteps);
    }

    private void Take(Action<List<T>> take)
    {
        foreach (List<T> batch in _queue.GetConsumingEnumerable())
            take(batch);
    }
}
