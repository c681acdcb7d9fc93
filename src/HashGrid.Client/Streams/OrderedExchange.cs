using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Grpc.Core;
using HashGrid.Client.Transport;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client.Streams;

/// <summary>
/// A duplex call whose replies come in any order, matched by tag: gives results in the order of the items, keeps a bounded number
/// of items unanswered, and after a lost connection sends those again, with those that a stopping or starting server put off. Only for calls without effect, such as encoding and searching.
/// </summary>
/// <param name="open">Starts the call.</param>
/// <param name="requests">The messages of one item, under the given tag.</param>
/// <param name="tagOf">The tag of a reply.</param>
/// <param name="errorOf">The error of a reply; null for none.</param>
/// <param name="reconnector">Decides about further connections.</param>
/// <param name="window">Items sent whose result the caller has not taken.</param>
internal sealed class OrderedExchange<TItem, TRequest, TReply>(
    Func<CancellationToken, AsyncDuplexStreamingCall<TRequest, TReply>> open,
    Func<ulong, TItem, IEnumerable<TRequest>> requests,
    Func<TReply, ulong> tagOf,
    Func<TReply, Proto.ItemError?> errorOf,
    Reconnector reconnector,
    int window)
{
    private static TimeSpan GoodbyeTime => TimeSpan.FromSeconds(1);

    private readonly Channel<Slot<TItem, TReply>> _order = Channel.CreateUnbounded<Slot<TItem, TReply>>();
    private readonly Channel<Slot<TItem, TReply>> _outbox = Channel.CreateUnbounded<Slot<TItem, TReply>>();
    private readonly ConcurrentDictionary<ulong, Slot<TItem, TReply>> _unanswered = new();
    private readonly SemaphoreSlim _room = new(window);

    /// <summary>Runs the exchange; to be called once.</summary>
    public async IAsyncEnumerable<(TItem Item, TReply Reply)> RunAsync(
        IAsyncEnumerable<TItem> items, [EnumeratorCancellation] CancellationToken ct)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task feeder = FeedAsync(items, stop.Token);
        Task connections = reconnector.RunAsync(ConnectAsync, stop.Token);
        try
        {
            while (await NextAsync(connections, ct).ConfigureAwait(false) is { } slot)
            {
                yield return (slot.Item, await slot.Reply.ConfigureAwait(false));
                _room.Release();
            }
            // Everything is answered: let the server close the call in peace before it would be cancelled.
            await Task.WhenAny(connections, Task.Delay(GoodbyeTime, ct)).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(feeder, connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The next slot with its reply in hand, or null after the last. Throws what ended the connections, or the source.
    private async Task<Slot<TItem, TReply>?> NextAsync(Task connections, CancellationToken ct)
    {
        Task<bool> waiting = _order.Reader.WaitToReadAsync(ct).AsTask();
        await FirstAsync(waiting, connections).ConfigureAwait(false);
        if (!await waiting.ConfigureAwait(false))
            return null;
        if (!_order.Reader.TryRead(out Slot<TItem, TReply>? slot))
            return null;
        await FirstAsync(slot.Reply, connections).ConfigureAwait(false);
        await slot.Reply.WaitAsync(ct).ConfigureAwait(false);
        return slot;
    }

    private static async Task FirstAsync(Task wanted, Task connections)
    {
        if (!wanted.IsCompleted && await Task.WhenAny(wanted, connections).ConfigureAwait(false) == connections && !wanted.IsCompleted)
            await connections.ConfigureAwait(false);
    }

    private async Task FeedAsync(IAsyncEnumerable<TItem> items, CancellationToken ct)
    {
        // Never on the caller's thread: a source that only computes would otherwise keep it until the window is full.
        await Task.Yield();
        ulong tag = 0;
        Exception? failure = null;
        try
        {
            await foreach (TItem item in items.WithCancellation(ct).ConfigureAwait(false))
            {
                await _room.WaitAsync(ct).ConfigureAwait(false);
                var slot = new Slot<TItem, TReply>(++tag, item);
                _order.Writer.TryWrite(slot);
                _outbox.Writer.TryWrite(slot);
            }
        }
        catch (Exception exception)
        {
            // The source's failure reaches the caller behind the results of what it gave before.
            failure = exception;
        }
        _outbox.Writer.Complete();
        _order.Writer.Complete(failure);
    }

    private async Task<bool> ConnectAsync(Attempt attempt)
    {
        attempt.Waiting = () => !_unanswered.IsEmpty;
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(attempt.Token);
        using AsyncDuplexStreamingCall<TRequest, TReply> call = open(stop.Token);
        Task writer = WriteAsync(call.RequestStream, stop.Token);
        var putOff = new HashSet<ulong>();
        RpcException? putOffFor = null;
        try
        {
            await foreach (TReply reply in call.ResponseStream.ReadAllAsync(stop.Token).ConfigureAwait(false))
            {
                if (Failures.Postponement(errorOf(reply)) is { } notNow)
                {
                    putOffFor = notNow;
                    putOff.Add(tagOf(reply));
                }
                else
                {
                    if (_unanswered.TryRemove(tagOf(reply), out Slot<TItem, TReply>? slot))
                        slot.Complete(reply);
                    attempt.Heard();
                }
                // Nothing else is due here: what is left goes to the next connection, after the reconnector's wait.
                if (putOffFor is not null && putOff.Count >= _unanswered.Count)
                    throw putOffFor;
            }
            return _outbox.Reader.Completion.IsCompleted && _unanswered.IsEmpty;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await writer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WriteAsync(IClientStreamWriter<TRequest> stream, CancellationToken ct)
    {
        // What another connection left unanswered goes first, in its order.
        foreach (Slot<TItem, TReply> slot in _unanswered.Values.OrderBy(slot => slot.Tag))
            await SendAsync(slot).ConfigureAwait(false);
        while (await _outbox.Reader.WaitToReadAsync(ct).ConfigureAwait(false))
        {
            while (!ct.IsCancellationRequested && _outbox.Reader.TryRead(out Slot<TItem, TReply>? slot))
            {
                _unanswered[slot.Tag] = slot;
                await SendAsync(slot).ConfigureAwait(false);
            }
        }
        await stream.CompleteAsync().ConfigureAwait(false);

        async Task SendAsync(Slot<TItem, TReply> slot)
        {
            foreach (TRequest request in requests(slot.Tag, slot.Item))
                await stream.WriteAsync(request, ct).ConfigureAwait(false);
        }
    }
}
