using System.Collections.Concurrent;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Table;

/// <summary>Fills the code table on a thread of its own while the journal is verified, since each takes about as long as the other.</summary>
internal sealed class TableLoader : IDisposable
{
    private const int BatchSteps = 8192;
    private const long Gone = -1;

    private readonly BlockingCollection<List<(ulong Id, long Place)>> _queue = new(boundedCapacity: 8);
    private readonly Task _loading;
    private List<(ulong Id, long Place)> _batch = new(BatchSteps);

    public TableLoader(CodeTable table) => _loading = Task.Factory.StartNew(() => Load(table), TaskCreationOptions.LongRunning);

    public void Put(ulong id, RecordPlace place) => Add(id, place.Packed);

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

    private void Add(ulong id, long place)
    {
        _batch.Add((id, place));
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
        foreach (List<(ulong Id, long Place)> batch in _queue.GetConsumingEnumerable())
        {
            foreach ((ulong id, long place) in batch)
            {
                if (place == Gone)
                    table.Remove(id);
                else
                    table.Put(id, RecordPlace.Unpack(place));
            }
        }
    }
}
