using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Table;

/// <summary>Changes that are in the journal but not yet in the code table, in the order of their sequence.</summary>
/// <remarks>
/// Decisions must see them all, readers only those that are durable. An id can have several; each knows the one before it.
/// All members are thread-safe.
/// </remarks>
internal sealed class PendingChanges
{
    private readonly Lock _lock = new();
    private readonly Queue<Change> _queue = new();
    private readonly Dictionary<ulong, Change> _latest = [];

    /// <summary>Adds a change; a record that is null removes the id.</summary>
    public void Add(long sequence, ulong id, CodeRecord? record, StreamEntry? stream = null, ulong position = 0, AppendedPut put = default)
    {
        lock (_lock)
        {
            bool touchesTable = record is not null || stream is null;
            var change = new Change(sequence, id, record, touchesTable, touchesTable ? _latest.GetValueOrDefault(id) : null, stream, position, put);
            _queue.Enqueue(change);
            if (touchesTable)
                _latest[id] = change;
        }
    }

    /// <summary>The newest change of the id up to a sequence.</summary>
    /// <returns>False if there is none and the table decides; true with null if the id was removed.</returns>
    public bool TryFind(ulong id, long upTo, out CodeRecord? record)
    {
        record = null;
        lock (_lock)
        {
            for (Change? change = _latest.GetValueOrDefault(id); change is not null; change = change.Previous)
            {
                if (change.Sequence > upTo)
                    continue;
                record = change.Record;
                return true;
            }
        }
        return false;
    }

    /// <summary>Sequence of the newest change of the id; 0 if there is none and the table decides.</summary>
    public long LatestSequence(ulong id)
    {
        lock (_lock)
            return _latest.GetValueOrDefault(id)?.Sequence ?? 0;
    }

    /// <summary>The oldest change if it is durable. It stays until <see cref="Done"/>, so that readers never miss it in between.</summary>
    public Change? Peek(long durable)
    {
        lock (_lock)
            return _queue.TryPeek(out Change? change) && change.Sequence <= durable ? change : null;
    }

    /// <summary>The oldest change is in the table now.</summary>
    public void Done()
    {
        lock (_lock)
        {
            Change change = _queue.Dequeue();
            if (!change.TouchesTable)
                return;
            if (ReferenceEquals(_latest[change.Id], change))
                _latest.Remove(change.Id);
            else
                Unlink(_latest[change.Id], change);
        }
    }

    private static void Unlink(Change from, Change gone)
    {
        while (!ReferenceEquals(from.Previous, gone))
            from = from.Previous!;
        from.Previous = null;
    }

    /// <summary>One journalled change on its way to the table.</summary>
    internal sealed class Change(
        long sequence, ulong id, CodeRecord? record, bool touchesTable, Change? previous, StreamEntry? stream, ulong position, AppendedPut put)
    {
        public long Sequence => sequence;

        public ulong Id => id;

        public CodeRecord? Record => record;

        public bool TouchesTable => touchesTable;

        public StreamEntry? Stream => stream;

        public ulong Position => position;

        /// <summary>Where the journal holds the record. Only of a put, and once it is durable.</summary>
        public RecordPlace Place => put.Place;

        public Change? Previous { get; set; } = previous;
    }
}
