using System.Runtime.CompilerServices;
using Grpc.Core;
using HashGrid.Client.Streams;
using HashGrid.Client.Transport;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client;

/// <summary>
/// Items in, durable results out, each item taking effect once: after a lost connection or a restart of the server the stream opens
/// again by its id and sends only what was not acknowledged. Made by <see cref="HashGridClient.OpenIngestAsync"/>.
/// </summary>
/// <remarks>
/// Send from one task and read results in another: <see cref="SendAsync"/> waits while <see cref="IngestOptions.MaxInFlight"/> results are
/// unread. <see cref="HashGridClient.IngestAsync"/> does both. Sending, reading and completing may happen at the same time on different threads.
/// </remarks>
public sealed class IngestStream : IAsyncDisposable
{
    private readonly Func<CancellationToken, AsyncDuplexStreamingCall<Proto.IngestRequest, Proto.IngestReply>> _open;
    private readonly IngestOptions _options;
    private readonly InFlightWindow _window;
    private readonly AsyncSignal _work = new();
    private readonly SemaphoreSlim _sendGate = new(1);
    private readonly CancellationTokenSource _life = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _connections;
    private volatile bool _completed;
    private volatile bool _isOpen;
    private ulong _storeSequence;

    internal IngestStream(
        Func<CancellationToken, AsyncDuplexStreamingCall<Proto.IngestRequest, Proto.IngestReply>> open, IngestOptions options, Reconnector reconnector)
    {
        _open = open;
        _options = options;
        StreamId = options.StreamId ?? Guid.NewGuid().ToString("N");
        _window = new InFlightWindow(options.MaxInFlight, options.MaxInFlightBytes);
        _connections = RunAsync(reconnector);
    }

    /// <summary>Names the stream across connections, restarts and processes.</summary>
    public string StreamId { get; }

    /// <summary>The model the server runs.</summary>
    public ModelInfo Model { get; private set; } = new("", "", 0, 0, "");

    /// <summary>The last sequence the server had answered for when the stream was opened; 0 for a new stream.</summary>
    public ulong ResumedThrough { get; private set; }

    /// <summary>Every item up to this sequence is on disk, or was refused.</summary>
    public ulong Acknowledged => _window.Acknowledged;

    /// <summary>Give it to <see cref="QueryOptions.AtLeastSequence"/> and the search sees every item acknowledged so far.</summary>
    public ulong StoreSequence => Volatile.Read(ref _storeSequence);

    /// <summary>Takes one item into the stream; waits while the window is full.</summary>
    /// <returns>Its sequence in the stream. The item is not on disk yet: its result tells.</returns>
    /// <exception cref="InvalidOperationException"><see cref="CompleteAsync"/> was called.</exception>
    /// <exception cref="HashGridException">The server refused the stream, or was away for longer than <see cref="HashGridClientOptions.ReconnectTimeout"/>.</exception>
    public async ValueTask<ulong> SendAsync(IngestItem item, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(item);
        await _sendGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_completed)
                throw new InvalidOperationException("the ingest stream was completed; open another to send more");
            (ulong sequence, bool send) = await _window.AddAsync(item, cancellationToken).ConfigureAwait(false);
            if (send)
                _work.Set();
            return sequence;
        }
        finally
        {
            _sendGate.Release();
        }
    }

    /// <summary>One result for each item, in the order of the items; ends after <see cref="CompleteAsync"/> and the last result. For one reader.</summary>
    /// <exception cref="HashGridException">The server refused the stream, or was away for too long; results that came before are given first.</exception>
    public async IAsyncEnumerable<IngestResult> ReadResultsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (IngestResult result in _window.Results.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            _window.ResultRead();
            yield return result;
        }
    }

    /// <summary>Says that no more items come, and waits until every one of them is on disk or refused.</summary>
    /// <exception cref="HashGridException">The server refused the stream, or was away for too long.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken = default)
    {
        await _sendGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        _completed = true;
        _sendGate.Release();
        _work.Set();
        await _connections.WaitAsync(cancellationToken).ConfigureAwait(false);
        _window.ThrowIfFailed();
    }

    /// <summary>Ends the connection. Items without a result may or may not be stored; opening the same stream id again settles that.</summary>
    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _connections.ConfigureAwait(false);
        _life.Dispose();
    }

    internal Task WaitOpenAsync(CancellationToken ct) => _opened.Task.WaitAsync(ct);

    private async Task RunAsync(Reconnector reconnector)
    {
        // The constructor must have finished before a connection calls back.
        await Task.Yield();
        Exception? failure = null;
        try
        {
            await reconnector.RunAsync(ConnectAsync, _life.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            failure = exception;
            _opened.TrySetException(exception);
            // Whether anybody waits for the opening or not, the failure also reaches every other method.
            _ = _opened.Task.Exception;
        }
        _window.Close(failure);
    }

    private async Task<bool> ConnectAsync(Attempt attempt)
    {
        using AsyncDuplexStreamingCall<Proto.IngestRequest, Proto.IngestReply> call = _open(attempt.Token);
        var open = new Proto.IngestOpen
        {
            StreamId = StreamId,
            // At first everything counts as unseen, so that a repeated run is told old refusals again.
            Acknowledged = _isOpen ? _window.Acknowledged : 0,
            ModelFingerprint = _isOpen ? Model.Fingerprint : _options.ModelFingerprint ?? "",
        };
        var connection = new IngestConnection(_window, _work, () => _completed, OnOpened, OnStored);
        return await connection.RunAsync(call, open, attempt, attempt.Token).ConfigureAwait(false);
    }

    private void OnOpened(Proto.IngestOpened opened)
    {
        if (_isOpen)
            return;
        ulong first = _options.FirstSequence ?? (opened.ResumeAfter + 1);
        if (first > opened.ResumeAfter + 1)
            throw new ArgumentException($"FirstSequence is {first}, but the server knows the stream only up to {opened.ResumeAfter}; give {opened.ResumeAfter + 1} or less");
        Model = Messages.Model(opened.Model);
        ResumedThrough = opened.ResumeAfter;
        _window.Start(first, opened.ResumeAfter);
        _isOpen = true;
        _opened.TrySetResult();
    }

    private void OnStored(ulong storeSequence)
    {
        if (storeSequence > Volatile.Read(ref _storeSequence))
            Volatile.Write(ref _storeSequence, storeSequence);
    }
}
