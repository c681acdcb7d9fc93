using System.Diagnostics;
using System.Runtime.CompilerServices;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Ingest;

/// <summary>
/// The replies of one ingest stream. Progress is one cell that is overwritten: while the loop waits for the disk or for a slow reader,
/// later items only move the cell, so an unread stream holds its refusals and links (bounded by the credits) and nothing else.
/// </summary>
internal sealed class IngestReplies(IServerStreamWriter<IngestReply> writer, CodeStore store, CreditWindow credits, ServerMetrics metrics, string method) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Queue<(ulong Sequence, IngestReply Reply)> _notices = new();
    private ulong _taken;          // last stream sequence put or refused
    private ulong _told;           // last stream sequence acknowledged; set before the other loops may take items
    private long _takenStore;      // the store sequence that covers it
    private int _takenItems;       // items since the last acknowledgement
    private string? _drain;
    private bool _complete;

    /// <summary>Answers the opening: where to resume, credits, refusals and links that the client has not seen, and an acknowledgement that ends them.</summary>
    public async Task OpenAsync(StreamState state, long durable, ulong acknowledged, ModelIdentity model, CancellationToken ct)
    {
        _taken = _told = state.Last;
        await WriteAsync(new IngestReply
        {
            Opened = new IngestOpened { ResumeAfter = state.Last, Model = model, Credits = (uint)credits.TakeGrant() },
        }, ct);
        foreach (Refusal refusal in state.Refusals.Where(refusal => refusal.StreamSequence > acknowledged)) await WriteAsync(ToReply(refusal), ct);
        foreach (Duplicate duplicate in state.Duplicates.Where(duplicate => duplicate.StreamSequence > acknowledged)) await WriteAsync(ToReply(duplicate), ct);
        _takenStore = durable;
        await WriteAckAsync(state.Last, durable, ct);
    }

    /// <summary>Says that an item was put, or was there already.</summary>
    /// <param name="sequence">Its place in the stream.</param>
    /// <param name="storeSequence">What must be durable before it is told.</param>
    /// <param name="duplicateOf">The id to whose content it was linked; told before the acknowledgement that covers it.</param>
    public void Took(ulong sequence, long storeSequence, ulong? duplicateOf = null) =>
        Took(sequence, storeSequence, duplicateOf is { } of ? ToReply(new Duplicate(sequence, of)) : null);

    /// <summary>Says that an item was refused; told before the acknowledgement that covers it.</summary>
    public void Refused(Refusal refusal, long storeSequence) => Took(refusal.StreamSequence, storeSequence, ToReply(refusal));

    /// <summary>Tells the client that no more items are read.</summary>
    public void Drain(string reason)
    {
        lock (_gate) _drain = reason;
        Signal();
    }

    /// <summary>No further item comes: the loop ends after the last acknowledgement.</summary>
    public void Complete()
    {
        lock (_gate) _complete = true;
        Signal();
    }

    /// <summary>Waits until items are durable and tells so; ends after <see cref="Complete"/>.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        bool drained = false;
        while (true)
        {
            await _changed.WaitAsync(ct);
            ulong sequence;
            long storeSequence;
            int items;
            string? drain;
            bool complete;
            lock (_gate)
            {
                (sequence, storeSequence, items, drain, complete) = (_taken, _takenStore, _takenItems, _drain, _complete);
                _takenItems = 0;
            }
            if (drain is not null && !drained)
            {
                drained = true;
                await WriteAsync(new IngestReply { Drain = new IngestDrain { Reason = drain } }, ct);
            }
            if (items > 0) await store.WaitDurableAsync(storeSequence, ct);
            while (NextNotice(sequence) is { } notice) await WriteAsync(notice, ct);
            // After a drain the last acknowledgement is told in any case: the client waits for it.
            if (sequence > _told || (drained && complete))
            {
                await WriteAckAsync(sequence, storeSequence, ct);
                _told = sequence;
            }
            metrics.ItemsAcknowledged(items);
            credits.Finish(items);
            if (complete) return;   // Complete comes after the last item, so that the snapshot above held them all
            if (drain is null && credits.TakeGrant() is var granted and > 0)
                await WriteAsync(new IngestReply { Credits = new IngestCredits { Items = (uint)granted } }, ct);
        }
    }

    public void Dispose()
    {
        metrics.RepliesChanged(-_notices.Count);   // dropped: a client that opens the stream again is told of them
        _changed.Dispose();
    }

    private void Took(ulong sequence, long storeSequence, IngestReply? notice)
    {
        lock (_gate)
        {
            _taken = Math.Max(_taken, sequence);   // an item that is sent again takes nothing back
            _takenStore = Math.Max(_takenStore, storeSequence);
            _takenItems++;
            if (notice is not null)
            {
                _notices.Enqueue((sequence, notice));
                metrics.RepliesChanged(1);
            }
        }
        Signal();
    }

    private void Signal()
    {
        lock (_gate)
        {
            if (_changed.CurrentCount == 0) _changed.Release();
        }
    }

    private IngestReply? NextNotice(ulong upTo)
    {
        lock (_gate)
        {
            if (!_notices.TryPeek(out (ulong Sequence, IngestReply Reply) notice) || notice.Sequence > upTo) return null;
            metrics.RepliesChanged(-1);   // it counts once more while it is written
            return _notices.Dequeue().Reply;
        }
    }

    private ValueTask WriteAckAsync(ulong sequence, long storeSequence, CancellationToken ct) =>
        WriteAsync(new IngestReply { Ack = new IngestAck { Sequence = sequence, StoreSequence = (ulong)storeSequence } }, ct);

    // Pooled: one a reply, and a stream may live for days.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(IngestReply reply, CancellationToken ct)
    {
        metrics.RepliesChanged(1);
        try
        {
            long start = Stopwatch.GetTimestamp();
            await writer.WriteAsync(reply, ct);
            metrics.ReplyWritten(method, Stopwatch.GetElapsedTime(start));
        }
        finally
        {
            metrics.RepliesChanged(-1);
        }
    }

    private static IngestReply ToReply(Duplicate duplicate) => new() { Duplicate = new IngestDuplicate { Sequence = duplicate.StreamSequence, Of = duplicate.Of } };

    private static IngestReply ToReply(Refusal refusal)
    {
        var error = new ItemError { Code = refusal.StatusCode, Reason = refusal.Reason, Message = refusal.Message };
        if (refusal.DuplicateOf is { } holder) error.DuplicateOf = holder;
        return new IngestReply { ItemError = new IngestItemError { Sequence = refusal.StreamSequence, Error = error } };
    }
}
