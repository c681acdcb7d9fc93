using System.Threading.Channels;
using HashGrid.Client.Transport;

namespace HashGrid.Client.Streams;

/// <summary>
/// The items of an ingest stream between their arrival and the caller's reading of their result: bounded in number until the result
/// is read, and in bytes until the acknowledgement, because only so long may they have to be sent again. Thread-safe.
/// </summary>
/// <remarks>All state sits behind one lock: sequences grow by one, so "acknowledged up to" moves through the items in order.</remarks>
internal sealed class InFlightWindow(int maxItems, long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, InFlightItem> _items = [];
    private readonly Dictionary<ulong, ItemNotice> _retold = [];
    private readonly Channel<IngestResult> _results = Channel.CreateUnbounded<IngestResult>(new UnboundedChannelOptions { SingleReader = true });
    private readonly AsyncSignal _room = new();
    private ulong _last;
    private ulong _acknowledged;
    private ulong _resumedThrough;
    private bool _started;
    private int _unread;
    private long _bytes;
    private Exception? _failure;

    public ChannelReader<IngestResult> Results => _results.Reader;

    public ulong Last { get { lock (_lock) return _last; } }

    public ulong Acknowledged { get { lock (_lock) return _acknowledged; } }

    /// <summary>Everything accepted so far has its acknowledgement.</summary>
    public bool IsSettled { get { lock (_lock) return _acknowledged >= _last; } }

    /// <summary>Sets where the stream stands when it is opened: the next item is <paramref name="first"/>, and the server knows all up to <paramref name="resumedThrough"/>.</summary>
    public void Start(ulong first, ulong resumedThrough)
    {
        lock (_lock)
        {
            _last = first - 1;
            _acknowledged = first - 1;
            _resumedThrough = resumedThrough;
            _started = true;
        }
    }

    /// <summary>Takes an item in when there is room for it.</summary>
    /// <returns>Its sequence, and whether it must be sent.</returns>
    public async ValueTask<(ulong Sequence, bool Send)> AddAsync(IngestItem item, CancellationToken ct)
    {
        while (true)
        {
            lock (_lock)
            {
                ThrowIfFailed();
                if (_unread < maxItems && (_bytes == 0 || _bytes + item.PayloadBytes <= maxBytes))
                {
                    _unread++;
                    ulong sequence = ++_last;
                    if (sequence > _resumedThrough)
                    {
                        _items.Add(sequence, new InFlightItem(item));
                        _bytes += item.PayloadBytes;
                        return (sequence, true);
                    }
                    _acknowledged = sequence;
                    _results.Writer.TryWrite(ToResult(sequence, item, _retold.GetValueOrDefault(sequence), resumed: true));
                    return (sequence, false);
                }
            }
            await _room.WaitAsync(ct).ConfigureAwait(false);
        }
    }

    /// <summary>The item of a sequence, or null when it has been acknowledged or does not exist.</summary>
    public IngestItem? Find(ulong sequence)
    {
        lock (_lock)
            return _items.GetValueOrDefault(sequence)?.Item;
    }

    public void Note(ulong sequence, ItemNotice notice)
    {
        lock (_lock)
        {
            if (_items.TryGetValue(sequence, out InFlightItem? item))
                item.Notice = notice;
            else if (!_started || sequence <= _resumedThrough)
                _retold[sequence] = notice;
        }
    }

    /// <summary>Gives out the results of every item up to a sequence.</summary>
    public void Acknowledge(ulong sequence)
    {
        lock (_lock)
        {
            while (_acknowledged < Math.Min(sequence, _last))
            {
                if (!_items.Remove(++_acknowledged, out InFlightItem? item))
                    continue;
                _bytes -= item.Item.PayloadBytes;
                _results.Writer.TryWrite(ToResult(_acknowledged, item.Item, item.Notice, resumed: false));
            }
        }
        _room.Set();
    }

    /// <summary>The caller has taken one result.</summary>
    public void ResultRead()
    {
        lock (_lock)
            _unread--;
        _room.Set();
    }

    /// <summary>No more results will come; with a failure, everything that waits or asks throws it.</summary>
    public void Close(Exception? failure)
    {
        lock (_lock)
            _failure ??= failure;
        _results.Writer.TryComplete(failure);
        _room.Set();
    }

    private static IngestResult ToResult(ulong sequence, IngestItem item, ItemNotice notice, bool resumed) =>
        new(sequence, item.Id, notice.Refusal, resumed) { DuplicateOf = notice.DuplicateOf };

    public void ThrowIfFailed()
    {
        if (_failure is not null)
            throw _failure is HashGridException inner
                ? new HashGridException(inner.Status, inner.Reason, inner.Message, inner.RetryAfter, inner)
                : new OperationCanceledException("the ingest stream was closed", _failure);
    }
}
