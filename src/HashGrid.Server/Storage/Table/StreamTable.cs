using System.Collections.Concurrent;

namespace HashGrid.Server.Storage.Table;

/// <summary>Every ingest stream by its id; a view of the journal.</summary>
internal sealed class StreamTable
{
    private readonly ConcurrentDictionary<string, StreamEntry> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, StreamEntry> _byNumber = [];

    public StreamEntry? Find(string streamId) => _byId.GetValueOrDefault(streamId);

    /// <summary>The stream's entry; a new stream gets the next number, journalled by <paramref name="append"/>. Under the store's decision lock.</summary>
    public StreamEntry Obtain(string streamId, Func<uint, string, long> append)
    {
        if (_byId.TryGetValue(streamId, out StreamEntry? entry))
            return entry;
        uint number = (uint)_byNumber.Count + 1;
        append(number, streamId);
        return Name(number, streamId);
    }

    public StreamEntry Name(uint number, string streamId)
    {
        if (number != (uint)_byNumber.Count + 1)
            throw new InvalidDataException($"stream number {number} follows {_byNumber.Count}");
        var entry = new StreamEntry(number);
        _byNumber.Add(number, entry);
        _byId[streamId] = entry;
        return entry;
    }

    /// <summary>A position taken by a replayed frame; number 0 stands for no stream.</summary>
    public StreamEntry? Replay(uint number, ulong position, long sequence)
    {
        if (number == 0)
            return null;
        if (!_byNumber.TryGetValue(number, out StreamEntry? entry))
            throw new InvalidDataException($"stream number {number} was never named");
        entry.Taken = position;
        entry.TakenSequence = sequence;
        entry.Advance(position);
        return entry;
    }
}
