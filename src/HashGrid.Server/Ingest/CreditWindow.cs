using HashGrid.Server.Errors;

namespace HashGrid.Server.Ingest;

/// <summary>
/// How many items one ingest stream may still send: bounded in items, in bytes by the size of its recent items, and by its share of the
/// server's queue. Grants are collected until they are worth a message.
/// </summary>
/// <remarks>Thread-safe: the reading loop receives, the replying loop grants.</remarks>
public sealed class CreditWindow
{
    // Before the first item is seen: 64 of them fill the default window of 16 MiB.
    private const double FirstGuessBytes = 256 << 10;
    private const double Smoothing = 1.0 / 8;

    private readonly Lock _gate = new();
    private readonly int _maxItems;
    private readonly long _maxBytes;
    private readonly Func<int> _share;
    private double _itemBytes = FirstGuessBytes;
    private int _granted;
    private int _held;

    /// <param name="maxItems">Credits at most.</param>
    /// <param name="maxBytes">Bytes at most, as far as the recent items tell.</param>
    /// <param name="share">The stream's present share of the server's queue, in items.</param>
    public CreditWindow(int maxItems, long maxBytes, Func<int> share) => (_maxItems, _maxBytes, _share) = (maxItems, maxBytes, share);

    /// <summary>Items that the client may send now.</summary>
    public int Granted
    {
        get { lock (_gate) return _granted; }
    }

    /// <summary>Counts an item that came in.</summary>
    /// <exception cref="ServiceException">The client had no credit.</exception>
    public void Receive(long bytes)
    {
        lock (_gate)
        {
            if (_granted == 0)
                throw new ServiceException(ErrorReason.StreamCreditExceeded,
                    $"an item came without a credit while {_held} are being worked on; wait for IngestCredits before sending more");
            _granted--;
            _held++;
            _itemBytes += (bytes - _itemBytes) * Smoothing;
        }
    }

    /// <summary>Counts items whose outcome has been told.</summary>
    public void Finish(int items)
    {
        lock (_gate) _held -= items;
    }

    /// <summary>Credits to tell the client now; 0 while they are too few for a message of their own.</summary>
    public int TakeGrant()
    {
        lock (_gate)
        {
            int window = (int)Math.Clamp(_maxBytes / Math.Max(_itemBytes, 1), 1, Math.Max(1, Math.Min(_maxItems, _share())));
            int owed = window - _granted - _held;
            if (owed <= 0 || (owed < window / 4 && _granted > 0)) return 0;
            _granted += owed;
            return owed;
        }
    }
}
