using System.Threading.Channels;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Security;
using HashGrid.Server.Services;
using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Ingest;

/// <summary>
/// One open ingest stream: a loop that reads and encodes ahead, a loop that stores in order, a loop that waits for the disk and replies.
/// </summary>
/// <remarks>
/// A client's mistake ends reading; what came before it is still stored and acknowledged. A lost connection or a takeover ends all loops
/// at once, and unlinks the stream's images from the encoder.
/// </remarks>
internal sealed class IngestSession
{
    private const string Stopping = "the server is stopping";

    // The id that holds the image is in a field of its own: messages may end up in logs.
    private static readonly Refusal DuplicateRefusal = ToRefusal(0, new Failure(ErrorReason.ContentDuplicate,
        "another id holds the same image; use that one, which duplicate_of names, or a server that links or stores duplicates"));

    private readonly ServerRuntime _runtime;
    private readonly ServerOptions _options;
    private readonly ServerMetrics _metrics;
    private readonly StreamSampler _sampler;
    private readonly ILogger _logger;
    private readonly StreamLease _lease;
    private readonly CodeStore _store;
    private readonly ServerCallContext _context;

    public IngestSession(ServerRuntime runtime, ServerOptions options, ServerMetrics metrics, StreamSampler sampler, ILogger logger, StreamLease lease, ServerCallContext context)
    {
        (_runtime, _options, _metrics, _sampler, _logger, _lease, _context) = (runtime, options, metrics, sampler, logger, lease, context);
        _store = runtime.Store;
    }

    /// <summary>Serves the stream to its end.</summary>
    public async Task RunAsync(IngestOpen open, IAsyncStreamReader<IngestRequest> requests, IServerStreamWriter<IngestReply> writer)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_context.CancellationToken, _lease.TakenOver);
        using var input = new StreamInput<IngestRequest>(requests, _options.IdleTimeout, _runtime.Draining, end.Token);
        // What a former call put is acknowledged by our opening, so it has to be durable first.
        long durable = _store.LastSequence;
        await _store.WaitDurableAsync(durable, end.Token);
        StreamState state = _store.GetStream(_lease.StreamId);
        if (open.Acknowledged > state.Last)
            throw new ServiceException(ErrorReason.StreamAhead,
                $"the client has acknowledgements up to {open.Acknowledged}, but this store knows the stream up to {state.Last}; check the data folder");
        _logger.StreamOpened(state.Last);

        Caller caller = Callers.Of(_context);
        var credits = new CreditWindow(_options.StreamWindowItems, _options.StreamWindowBytes,
            () => Math.Min((_options.MaxQueuedItems - _options.EncodeLimits.Reserve.Items) / Math.Max(1, _runtime.Streams.Count), caller.ImagesOfOneStream));
        using var replies = new IngestReplies(writer, _store, credits, _metrics, _context.Method);
        await replies.OpenAsync(state, durable, open.Acknowledged, Wire.ToIdentity(_runtime.Encoding), end.Token);

        // Bounded by the credits; the channel itself needs no second bound.
        Channel<IngestWork> work = Channel.CreateUnbounded<IngestWork>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        using var items = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
        await using CancellationTokenRegistration drain = _runtime.Draining.UnsafeRegister(_ =>
        {
            replies.Drain(Stopping);
            items.CancelAfter(_options.DrainTimeout);
        }, null);
        var reader = new IngestReader(input, credits, _runtime.Encoding, _store, caller.Uploads, _options, _metrics, _sampler, caller.Images.OpenStream(), _runtime.DeadlineOf(_context));
        Exception? mistake = null;
        try
        {
            await StreamLoops.RunAsync(end, ReadAsync(), StoreAsync(work.Reader, state.Last, replies, items.Token), replies.RunAsync(end.Token));
        }
        catch (Exception) when (_lease.TakenOver.IsCancellationRequested)
        {
            _logger.StreamTakenOver();
            throw new ServiceException(ErrorReason.StreamTakenOver, "another call has opened this stream id; keep one writer a stream");
        }
        if (mistake is not null) throw mistake;

        async Task ReadAsync()
        {
            try
            {
                await reader.RunAsync(state.Last, work.Writer, items.Token);
            }
            catch (Exception failure) when (StreamLoops.IsMistake(failure))
            {
                mistake = failure;
            }
            catch (OperationCanceledException) when (_runtime.Draining.IsCancellationRequested && !end.IsCancellationRequested)
            {
                // The drain's time ran out while an item waited for room: it was not taken, and its client sends it again.
            }
            finally
            {
                work.Writer.Complete();
            }
        }
    }

    private async Task StoreAsync(ChannelReader<IngestWork> work, ulong known, IngestReplies replies, CancellationToken ct)
    {
        try
        {
            await foreach (IngestWork item in work.ReadAllAsync(ct)) await StoreAsync(item, known, replies);
        }
        catch (Exception failure) when (_runtime.Draining.IsCancellationRequested && IsDrain(failure))
        {
            // The rest of the window was not taken: after the restart its client sends it again.
        }
        // Reading may have ended by the same signal before its other listener told the replies: the word to drain has to come before the end.
        if (_runtime.Draining.IsCancellationRequested) replies.Drain(Stopping);
        replies.Complete();
    }

    private async ValueTask StoreAsync(IngestWork item, ulong known, IngestReplies replies)
    {
        var position = new StreamPosition(_lease.StreamId, item.Sequence);
        ulong[] code;
        try
        {
            code = await item.Code;
        }
        catch (Exception failure) when (IsItemFailure(failure))
        {
            Failure told = ErrorTranslator.Translate(failure);
            if (told.Entry.Reason == ErrorReason.Internal) _logger.Bug(_context.Method, failure);
            Refuse(position, told, replies);
            item.Trace?.End(told.Entry.Reason);
            return;
        }
        if (item.Sequence <= known)
        {
            replies.Took(item.Sequence, 0);   // durable before the stream was opened
            return;
        }
        var record = new CodeRecord(item.Id, code, item.Labels, item.Name, Sequence: 0) { Digest = item.Digest };
        PutResult put = _store.Put(record, item.Mode, position, DuplicateRefusal);
        if (put.Outcome == PutOutcome.Conflict)
        {
            Refuse(position, new Failure(ErrorReason.IdConflict, "the id is stored with another code; use PUT_MODE_UPSERT to replace it"), replies);
            item.Trace?.End(ErrorReason.IdConflict);
        }
        else if (put.Refusal is { } refusal)
        {
            replies.Refused(refusal, put.Sequence);
            _metrics.ItemRefused(ErrorReason.ContentDuplicate);
            item.Trace?.End(ErrorReason.ContentDuplicate);
        }
        else
        {
            if (put.DuplicateOf is not null) _metrics.ItemLinked();
            replies.Took(item.Sequence, put.Sequence, put.DuplicateOf);
            if (item.Trace is { } trace) _ = FollowAsync(trace, put.Sequence);
        }
    }

    /// <summary>Tells the rest of a traced item's way: to the disk, and into the index.</summary>
    private async Task FollowAsync(ItemTrace trace, long sequence)
    {
        try
        {
            trace.Enter("store.commit");
            await _store.WaitDurableAsync(sequence, CancellationToken.None);
            trace.Enter("index.apply");
            await _runtime.Index.WaitAppliedAsync(sequence, CancellationToken.None);
            trace.End();
        }
        catch (Exception failure)
        {
            // Told by the parts that failed; here it ends the span only.
            trace.End(ErrorTranslator.Translate(failure).Entry.Reason);
        }
    }

    private void Refuse(StreamPosition position, Failure failure, IngestReplies replies)
    {
        Refusal refusal = ToRefusal(position.Sequence, failure);
        replies.Refused(refusal, _store.Refuse(position, refusal));
        _metrics.ItemRefused(failure.Entry.Reason);
    }

    private static Refusal ToRefusal(ulong sequence, Failure failure) => new(sequence, (uint)failure.Entry.Status, failure.Entry.Name, failure.Message);

    // Everything that an image can cause is its own failure, a decoder's unforeseen exception included.
    private static bool IsItemFailure(Exception failure) => failure is not OperationCanceledException and not ServiceException
    {
        Reason: ErrorReason.ServerDraining or ErrorReason.DeadlineExceeded
    };

    private static bool IsDrain(Exception failure) => failure is OperationCanceledException or ServiceException { Reason: ErrorReason.ServerDraining };
}
