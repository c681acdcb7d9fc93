using HashGrid.Server.Errors;

namespace HashGrid.Server.Ingest;

/// <summary>
/// One writer a stream id. A second call with the same id takes the stream over, since after a half-dead connection the old call may not
/// know for minutes that its client has gone.
/// </summary>
public sealed class StreamRegistry
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StreamLease> _leases = new(StringComparer.Ordinal);
    private readonly int _maxStreams;

    /// <param name="maxStreams">Open streams at most.</param>
    public StreamRegistry(int maxStreams) => _maxStreams = maxStreams;

    /// <summary>Open streams.</summary>
    public int Count
    {
        get { lock (_gate) return _leases.Count; }
    }

    /// <summary>Becomes the writer of a stream, after the former one has written its last record.</summary>
    /// <exception cref="ServiceException">Too many streams are open.</exception>
    public async Task<StreamLease> TakeAsync(string streamId, CancellationToken ct)
    {
        StreamLease lease;
        StreamLease? former;
        lock (_gate)
        {
            if (!_leases.TryGetValue(streamId, out former) && _leases.Count >= _maxStreams)
                throw new ServiceException(ErrorReason.TooManyStreams, $"{_leases.Count} ingest streams are open, the limit is {_maxStreams}; try again later");
            lease = new StreamLease(this, streamId, former?.Ended ?? Task.CompletedTask);
            _leases[streamId] = lease;
        }
        if (former is null) return lease;
        former.TakeOver();
        try
        {
            await former.Ended.WaitAsync(ct);
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    internal void Remove(StreamLease lease)
    {
        lock (_gate)
        {
            if (_leases.TryGetValue(lease.StreamId, out StreamLease? current) && current == lease) _leases.Remove(lease.StreamId);
        }
    }
}
