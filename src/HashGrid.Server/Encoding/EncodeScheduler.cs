using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Encoding;

/// <summary>
/// Decides what is decoded and what is encoded next: admitted items wait in fair order, are decoded a bounded number ahead, and leave in
/// batches, in fair order again. A cancelled item, or one whose deadline passes, is unlinked at that moment and never reaches the network.
/// </summary>
/// <remarks>
/// Thread-safe, and without threads of its own: the pipeline asks for work, so that a test can play the part of threads and clock.
/// One lock guards the queues, the stages of the items and the count of decoders.
/// </remarks>
public sealed class EncodeScheduler
{
    private readonly Lock _gate = new();
    private readonly FairQueue<EncodeItem> _waiting = new();
    private readonly FairQueue<EncodeItem> _decoded = new();
    private readonly EncodeLimits _limits;
    private readonly TimeProvider _time;
    private readonly ServerMetrics _metrics;
    private readonly DeadlineQueue _deadlines;
    private int _decoding;
    private long _decodingPixels;
    private long _numbers;
    private bool _stopped;

    public EncodeScheduler(EncodeLimits limits, TimeProvider time, ServerMetrics metrics)
    {
        (_limits, _time, _metrics) = (limits, time, metrics);
        Budget = new AdmissionBudget(new EncodeLoad(limits.MaxItems, limits.MaxBytes, limits.MaxPixels), limits.Reserve);
        _deadlines = new DeadlineQueue(time, ExpireDue);
    }

    /// <summary>What is admitted and not finished.</summary>
    public AdmissionBudget Budget { get; }

    /// <summary>Items that wait for the decoder, and items that wait for the network.</summary>
    public (int Waiting, int Decoded) Queued
    {
        get { lock (_gate) return (_waiting.Count, _decoded.Count); }
    }

    /// <summary>Pixels of the images that are being decoded.</summary>
    public long DecodingPixels
    {
        get { lock (_gate) return _decodingPixels; }
    }

    /// <param name="weight">The flow's share of the encoder; see the constants of <see cref="EncodeFlow"/>.</param>
    /// <param name="limit">The most that the flow may hold; null: whatever the whole queue may.</param>
    public EncodeFlow OpenFlow(double weight, EncodeLoad? limit = null)
    {
        AdmissionShare share = Budget.OpenShare(limit ?? Budget.Limit, weight);
        lock (_gate) return new EncodeFlow(share, _waiting.AddLane(weight), _decoded.AddLane(weight));
    }

    /// <summary>Items of one flow that wait for the decoder.</summary>
    public int WaitingOf(EncodeFlow flow)
    {
        lock (_gate) return flow.Waiting.Items.Count;
    }

    /// <summary>Queues an item whose room in <see cref="Budget"/> has been taken already; the scheduler gives it back.</summary>
    public void Submit(EncodeItem item, CancellationToken ct)
    {
        // Registered before it is linked: a token that is cancelled already finishes the item here, and it is never linked.
        item.Cancellation = ct.UnsafeRegister((state, token) => Cancel((EncodeItem)state!, token), item);
        lock (_gate)
        {
            if (item.Stage == EncodeStage.Finished) return;
            if (_stopped) Finish(item, new ServiceException(ErrorReason.ServerDraining, "the server is stopping; send the image to it again after the restart"));
            else if (Expired(item)) FinishExpired(item);
            else
            {
                item.StageStamp = _time.GetTimestamp();
                item.Number = ++_numbers;
                item.Trace?.Enter(StepName(EncodeStage.Waiting));
                _waiting.Enqueue(item.Flow.Waiting, item.Node);
                _deadlines.Add(item);
            }
        }
    }

    /// <summary>Hands out an item to decode, if one waits and a decoder and room ahead of the network are free.</summary>
    public bool TryStartDecode([NotNullWhen(true)] out EncodeItem? item)
    {
        lock (_gate)
        {
            while (_decoding < _limits.Decoders && _decoded.Count + _decoding < _limits.DecodeAhead && _waiting.Peek() is { } node)
            {
                item = node.Value;
                // It waits for the others to finish, and nothing overtakes it meanwhile: large images must not starve.
                if (_decoding > 0 && item.Load.Pixels > _limits.MaxDecodingPixels - _decodingPixels) break;
                _waiting.Dequeue();
                if (Expired(item))
                {
                    FinishExpired(item);
                    continue;
                }
                Advance(item, EncodeStage.Decoding);
                _decoding++;
                _decodingPixels += item.Load.Pixels;
                return true;
            }
            item = null;
            return false;
        }
    }

    /// <summary>Takes back a decoded item.</summary>
    /// <param name="item">From <see cref="TryStartDecode"/>.</param>
    /// <param name="pixels">Rented from the shared pool; belongs to the scheduler from here on. Null if decoding failed.</param>
    /// <param name="failure">Why decoding failed.</param>
    public void FinishDecode(EncodeItem item, float[]? pixels, Exception? failure)
    {
        lock (_gate)
        {
            _decoding--;
            _decodingPixels -= item.Load.Pixels;
            item.Picture = pixels;
            if (item.Abandoned || pixels is null || _stopped)
            {
                Finish(item, failure ?? new ServiceException(ErrorReason.ServerDraining, "the server is stopping; send the image to it again after the restart"));
                return;
            }
            item.File = default;   // the message that carried it may go
            Budget.Release(item.Flow.Share, item.Load with { Items = 0 });
            Advance(item, EncodeStage.Decoded);
            _decoded.Enqueue(item.Flow.Decoded, item.Node);
        }
    }

    /// <summary>Moves up to <paramref name="max"/> decoded items into a batch; their deadlines lie ahead at this moment.</summary>
    /// <returns>How many; 0 when nothing is decoded.</returns>
    public int TakeBatch(Span<EncodeItem> batch, int max)
    {
        int count = 0;
        lock (_gate)
        {
            while (count < max && _decoded.Dequeue() is { } node)
            {
                EncodeItem item = node.Value;
                if (Expired(item))
                {
                    FinishExpired(item);
                    continue;
                }
                _deadlines.Remove(item);   // too late to stop it
                Advance(item, EncodeStage.Running);
                batch[count++] = item;
            }
        }
        return count;
    }

    /// <summary>Before a part of a failed batch runs again: ends the items that nobody waits for any more, and moves the others to the front.</summary>
    /// <returns>How many are left; their deadlines lie ahead at this moment.</returns>
    public int KeepWanted(Span<EncodeItem> items)
    {
        int kept = 0;
        lock (_gate)
        {
            foreach (EncodeItem item in items)
            {
                if (item.Abandoned || Expired(item)) FinishExpired(item);
                else items[kept++] = item;
            }
        }
        return kept;
    }

    /// <summary>Ends an item of a batch with its code.</summary>
    public void Complete(EncodeItem item, ulong[] code)
    {
        lock (_gate)
        {
            Advance(item, EncodeStage.Finished);
            if (item.SetCode(code)) _metrics.ImageEncoded();
            ReleaseAll(item, fileHeld: false);
        }
    }

    /// <summary>Ends an item of a batch with a failure of its own.</summary>
    public void Fail(EncodeItem item, Exception failure)
    {
        lock (_gate) Finish(item, failure);
    }

    /// <summary>Refuses everything that waits, and everything that comes.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            _deadlines.Dispose();
            var stopping = new ServiceException(ErrorReason.ServerDraining, "the server is stopping; send the image to it again after the restart");
            while (_waiting.Dequeue() is { } node) Finish(node.Value, stopping);
            while (_decoded.Dequeue() is { } node) Finish(node.Value, stopping);
        }
    }

    private void Cancel(EncodeItem item, CancellationToken token)
    {
        lock (_gate)
        {
            if (item.SetCancelled(token)) Unlink(item, ErrorReason.Cancelled);
        }
    }

    private void ExpireDue()
    {
        lock (_gate)
        {
            if (_stopped) return;
            while (_deadlines.TryTakeExpired(out EncodeItem? item))
            {
                if (item.SetFailure(Late())) Unlink(item, ErrorReason.DeadlineExceeded);
                _ = item.Code.Exception;
            }
            _deadlines.Arm();
        }
    }

    /// <summary>Takes an answered item out of whatever it waits in.</summary>
    private void Unlink(EncodeItem item, ErrorReason reason)
    {
        _metrics.ItemDropped(reason);
        switch (item.Stage)
        {
            case EncodeStage.Decoding or EncodeStage.Running:
                item.Abandoned = true;   // a thread reads its bytes or pixels: it gives them back when it is done
                return;
            case EncodeStage.Waiting when item.Node.List is not null:
                _waiting.Remove(item.Flow.Waiting, item.Node);
                break;
            case EncodeStage.Decoded:
                _decoded.Remove(item.Flow.Decoded, item.Node);
                break;
        }
        ReleaseAll(item, fileHeld: item.Stage == EncodeStage.Waiting);
        item.Stage = EncodeStage.Finished;
    }

    private bool Expired(EncodeItem item) => item.Deadline <= _time.GetUtcNow();

    // The timer comes a moment late, and not at all between two batches of one instant.
    private void FinishExpired(EncodeItem item) => Finish(item, Late());

    private static ServiceException Late() =>
        new(ErrorReason.DeadlineExceeded, "the deadline passed while the image waited for the encoder; allow more time or send less at once");

    private void Finish(EncodeItem item, Exception failure)
    {
        bool fileHeld = item.Stage is EncodeStage.Waiting or EncodeStage.Decoding;
        item.Stage = EncodeStage.Finished;
        if (item.SetFailure(failure)) _metrics.ItemDropped(ErrorTranslator.Translate(failure).Entry.Reason);
        // A failure that nobody awaits, since the caller has gone, must not surface as unobserved.
        _ = item.Code.Exception;
        ReleaseAll(item, fileHeld);
    }

    private void ReleaseAll(EncodeItem item, bool fileHeld)
    {
        item.Cancellation.Unregister();   // never Dispose: it would wait for a callback that waits for this lock
        _deadlines.Remove(item);
        item.File = default;
        if (item.Picture is { } pixels) ArrayPool<float>.Shared.Return(pixels);
        item.Picture = null;
        Budget.Release(item.Flow.Share, fileHeld ? item.Load : new EncodeLoad(1, 0, 0));
        item.Room?.Release();
    }

    private void Advance(EncodeItem item, EncodeStage next)
    {
        long now = _time.GetTimestamp();
        _metrics.StageTook(item.Stage, _time.GetElapsedTime(item.StageStamp, now));
        item.StageStamp = now;
        item.Stage = next;
        item.Trace?.Enter(StepName(next));
    }

    private static string? StepName(EncodeStage stage) => stage switch
    {
        EncodeStage.Waiting => "encode.queue",
        EncodeStage.Decoding => "encode.decode",
        EncodeStage.Decoded => "encode.ready",
        EncodeStage.Running => "encode.forward",
        _ => null,
    };
}
