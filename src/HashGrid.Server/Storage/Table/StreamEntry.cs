namespace HashGrid.Server.Storage.Table;

/// <summary>What the store knows of one ingest stream. The store's decision lock guards <see cref="Taken"/>; the entry guards the rest itself.</summary>
internal sealed class StreamEntry(uint number)
{
    private readonly Lock _lock = new();
    private readonly Queue<Refusal> _refusals = new();
    private readonly Queue<Duplicate> _duplicates = new();
    private ulong _durable;

    /// <summary>Stands for the stream's name in the journal.</summary>
    public uint Number => number;

    /// <summary>Last position taken, durable or not yet.</summary>
    public ulong Taken { get; set; }

    /// <summary>Journal sequence of the frame that took the last position.</summary>
    public long TakenSequence { get; set; }

    public void AddRefusal(Refusal refusal)
    {
        lock (_lock)
        {
            _refusals.Enqueue(refusal);
            if (_refusals.Count > StreamState.MaxRefusals)
                _refusals.Dequeue();
        }
    }

    public void AddDuplicate(Duplicate duplicate)
    {
        lock (_lock)
        {
            _duplicates.Enqueue(duplicate);
            if (_duplicates.Count > StreamState.MaxRefusals)
                _duplicates.Dequeue();
        }
    }

    /// <summary>Positions up to here are durable.</summary>
    public void Advance(ulong position)
    {
        lock (_lock)
            _durable = Math.Max(_durable, position);
    }

    /// <summary>What may be told to a client: durable positions, refusals and links.</summary>
    public StreamState Durable()
    {
        lock (_lock)
            return new StreamState(_durable, [.. _refusals.Where(r => r.StreamSequence <= _durable)])
            {
                Duplicates = [.. _duplicates.Where(d => d.StreamSequence <= _durable)],
            };
    }
}
