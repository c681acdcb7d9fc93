using System.Collections.Concurrent;

namespace HashGrid.Server.Storage.Table;

/// <summary>Fills the code table on a thread of its own while the journal is verified, since each takes about as long as the other.</summary>
internal sealed class TableLoader : IDisposable
{
    private const int BatchSteps = 8192;
    private const long Gone = -1;

    private readonly BlockingCollection<List<(ulong Id, long Address)>> _queue = new(boundedCapacity: 8);
    private readonly Task _loading;
    private List<(ulong Id, long Address)> _batch = new(BatchSteps);

    public TableLoader(CodeTable table) => _loading = Task.Factory.StartNew(() => Load(table), TaskCreationOptions.LongRunning);

    public void Put(ulong id, long address) => Add(id, address);

    public void Remove(ulong id) => Add(id, Gone);

    /// <summary>Returns when everything is in the table.</summary>
    /// <exception cref="CodeStoreException">The table's disk failed.</exception>
    public void Finish()
    {
        Hand();
        _queue.CompleteAdding();
        _loading.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        // Whoever leaves early has an error of his own to tell.
        _ = _loading.ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
        ((IAsyncResult)_loading).AsyncWaitHandle.WaitOne();
        _queue.Dispose();
    }

    private void Add(ulong id, long address)
    {
        _batch.Add((id, address));
        if (_batch.Count == BatchSteps)
            Hand();
    }

    private void Hand()
    {
        // A loader that has failed takes nothing any more.
        while (!_queue.TryAdd(_batch, millisecondsTimeout: 100))
        {
            if (_loading.IsFaulted)
                _loading.GetAwaiter().GetResult();
        }
        _batch = new List<(ulong, long)>(BatchSteps);
    }

    private void Load(CodeTable table)
    {
        foreach (List<(ulong Id, long Address)> batch in _queue.GetConsumingEnumerable())
        {
            foreach ((ulong id, long address) in batch)
            {
                if (address == Gone)
                    table.Remove(id);
                else
                    table.Put(id, address);
            }
        }
    }
}
