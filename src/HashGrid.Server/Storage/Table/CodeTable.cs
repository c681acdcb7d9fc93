using System.Collections.Concurrent;
using FASTER.core;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Table;

/// <summary>Where the journal holds the latest durable record of each id, on FasterKV: larger than memory, a view that the journal can rebuild.</summary>
/// <remarks>
/// Any number of readers, one writer. FASTER's sessions are not thread-safe, so each reader borrows one from a pool. 24 bytes an id
/// and 9 to 18 of hash index. The record itself is read from the journal, where its checksum is.
/// </remarks>
internal sealed class CodeTable : IDisposable
{
    private readonly FasterKV<ulong, long> _store;
    private readonly TableDevice _device;
    private readonly BucketHints _hints;
    private readonly TableSession _writer;
    private readonly ConcurrentBag<TableSession> _readers = [];
    private long _count;

    /// <param name="folder">A folder of its own; what an earlier process left there is older than the journal, and goes.</param>
    /// <param name="options">Memory, hash buckets and files.</param>
    /// <param name="records">Records of the journal; sizes the hash table when the options leave it open.</param>
    /// <param name="onFailure">Told once when the table's disk fails.</param>
    public CodeTable(string folder, CodeStoreOptions options, long records, Action<Exception> onFailure)
    {
        long buckets = options.TableBucketsFor(records);
        _device = new TableDevice(options.Files, folder, onFailure);
        _store = new FasterKV<ulong, long>(new FasterKVSettings<ulong, long>
        {
            IndexSize = buckets * 64,
            LogDevice = _device,
            PageSize = Math.Max(options.TableMemoryBytes / 16, 1 << 16),
            MemorySize = options.TableMemoryBytes,
            SegmentSize = 1L << 40,
            EqualityComparer = new IdComparer(),
            // One writer, and a value that is written in one piece.
            ConcurrencyControlMode = ConcurrencyControlMode.None,
        });
        _hints = new BucketHints(_store, buckets);
        _writer = NewSession();
    }

    /// <summary>Why the table's disk failed; null while it has not.</summary>
    public Exception? Fault => _device.Fault;

    /// <summary>Ids in the table.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Hints that an id will be put or removed soon, some ten others before it. Any thread.</summary>
    public void Prefetch(ulong id) => _hints.Prefetch(IdComparer.Hash(id));

    /// <summary>Notes where the journal holds an id's latest put. The writer alone.</summary>
    public void Put(ulong id, RecordPlace place)
    {
        if (_writer.Read(id) is null)
            Interlocked.Increment(ref _count);
        _writer.Upsert(id, place.Packed);
    }

    /// <summary>Forgets an id. The writer alone.</summary>
    public void Remove(ulong id)
    {
        if (_writer.Read(id) is null)
            return;
        Interlocked.Decrement(ref _count);
        _writer.Delete(id);
    }

    /// <summary>Where the journal holds the latest put of an id; null if there is none. Any thread.</summary>
    /// <exception cref="CodeStoreException">The table's disk failed or lies.</exception>
    public RecordPlace? Find(ulong id)
    {
        if (!_readers.TryTake(out TableSession? session))
            session = NewSession();
        try
        {
            return session.Read(id) is { } packed ? RecordPlace.Unpack(packed) : null;
        }
        finally
        {
            _readers.Add(session);
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        foreach (TableSession session in _readers)
            session.Dispose();
        _store.Dispose();
        _device.Dispose();
    }

    private TableSession NewSession() => new(_store, _device);

    private sealed class IdComparer : IFasterEqualityComparer<ulong>
    {
        public static long Hash(ulong id) => Utility.GetHashCode((long)id);

        public long GetHashCode64(ref ulong id) => Hash(id);

        public bool Equals(ref ulong a, ref ulong b) => a == b;
    }

    private sealed class Functions : SimpleFunctions<ulong, long>;

    /// <summary>One FASTER session; one thread at a time.</summary>
    private sealed class TableSession(FasterKV<ulong, long> store, TableDevice device) : IDisposable
    {
        private readonly ClientSession<ulong, long, long, long, Empty, Functions> _session = store.For(new Functions()).NewSession<Functions>();

        public long? Read(ulong id)
        {
            long address = 0;
            Status status = _session.Read(ref id, ref address);
            if (status.IsPending)
            {
                _session.CompletePendingWithOutputs(out CompletedOutputIterator<ulong, long, long, long, Empty> outputs, wait: true);
                using (outputs)
                {
                    outputs.Next();
                    status = outputs.Current.Status;
                    address = outputs.Current.Output;
                }
                // FASTER goes on with whatever a failed read left in its buffer.
                if (device.Fault is not null)
                    throw Unreadable("its disk failed");
            }
            return status.Found ? address : status.NotFound ? null : throw Unreadable(status.ToString());
        }

        public void Upsert(ulong id, long address) => _session.Upsert(ref id, ref address);

        public void Delete(ulong id)
        {
            if (_session.Delete(ref id).IsPending)
                _session.CompletePending(wait: true);
        }

        public void Dispose() => _session.Dispose();

        private static CodeStoreException Unreadable(string why) =>
            new(CodeStoreProblem.ReadOnly, $"the code table can not be read: {why}; restart to rebuild it from the journal, nothing that was acknowledged is lost");
    }
}
