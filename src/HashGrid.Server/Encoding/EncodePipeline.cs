using System.Buffers;
using HashGrid.Model;
using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Encoding;

/// <summary>
/// Image files in, codes out, for all callers: header check, admission, decoding on the thread pool, batches on the encoder's thread.
/// </summary>
public sealed class EncodePipeline : IDisposable
{
    private readonly IImageDecoder _decoder;
    private readonly EncodeScheduler _scheduler;
    private readonly EncodeWorker _worker;
    private readonly TimeProvider _time;
    private readonly ServerMetrics _metrics;
    private readonly int _inputSize;

    /// <param name="encoder">Belongs to the pipeline from here on.</param>
    /// <param name="decoder">Reads image files.</param>
    /// <param name="limits">How much is held at once.</param>
    /// <param name="time">The clock of deadlines and measurements.</param>
    /// <param name="metrics">Where items are counted.</param>
    /// <param name="logger">Where failures of the network are told.</param>
    public EncodePipeline(IImageEncoder encoder, IImageDecoder decoder, EncodeLimits limits, TimeProvider time, ServerMetrics metrics, ILogger logger)
    {
        (_decoder, _time, _metrics) = (decoder, time, metrics);
        _inputSize = encoder.Identity.InputSize;
        (Model, Device) = (encoder.Identity, encoder.Device);
        _scheduler = new EncodeScheduler(limits, time, metrics);
        _worker = new EncodeWorker(encoder, _scheduler, limits.MaxBatch, StartDecoders, time, metrics, logger);
        metrics.ObserveQueue(() => _scheduler.Queued, () => _scheduler.Budget.Held);
    }

    public ModelIdentity Model { get; }

    /// <summary>"cpu" or "cuda:0".</summary>
    public string Device { get; }

    /// <summary>What is admitted and not finished, in items, bytes and pixels.</summary>
    public AdmissionBudget Budget => _scheduler.Budget;

    /// <summary>Completes after warm-up, with the measured batch sizes.</summary>
    public Task<BatchCurve> Warm => _worker.Warm;

    public void Start() => _worker.Start();

    /// <param name="weight">See the constants of <see cref="EncodeFlow"/>.</param>
    /// <param name="limit">The most that the flow may hold; null: whatever the whole queue may.</param>
    public EncodeFlow OpenFlow(double weight, EncodeLoad? limit = null) => _scheduler.OpenFlow(weight, limit);

    /// <summary>Queues an image if there is room at once, the reserve included.</summary>
    /// <param name="flow">The caller's flow.</param>
    /// <param name="file">A whole image file, unchanged until the code is there.</param>
    /// <param name="deadline">Never encoded after it.</param>
    /// <param name="ct">Unlinks the item at once.</param>
    /// <param name="trace">Receives the item's steps; null for most.</param>
    /// <param name="room">The caller's places for images in flight; null: nobody counts them.</param>
    /// <param name="keep">Keep the decoded picture for <see cref="EncodeItem.Kept"/>.</param>
    /// <returns>The item, or null when the queue is full.</returns>
    /// <exception cref="HashGrid.Model.Imaging.ImageFormatException">The header alone says that it cannot be decoded.</exception>
    /// <exception cref="ServiceException">The caller has no place left.</exception>
    public EncodeItem? TryEnqueue(
        EncodeFlow flow, ReadOnlyMemory<byte> file, DateTimeOffset deadline, CancellationToken ct, ItemTrace? trace = null, ImageRoom? room = null, bool keep = false)
    {
        var item = new EncodeItem(flow, file, deadline, _decoder.Check(file)) { Trace = trace, Room = room, Keeps = keep };
        if (room?.TryTake() == false)
        {
            _metrics.CallerRefused(ErrorReason.CallerTooManyImages);
            throw new ServiceException(ErrorReason.CallerTooManyImages,
                $"this caller has {room.Held} images in flight, and {room.Limit} are allowed; try again after the hint, or send images on a stream, which waits by itself");
        }
        if (!_scheduler.Budget.TryTake(flow.Share, item.Load))
        {
            room?.Release();
            return null;
        }
        _metrics.Admitted(TimeSpan.Zero);
        return Submit(item, ct);
    }

    /// <summary>Queues an image, waiting for a place of its caller and for room: in the order of arrival in its flow, by weight between flows.</summary>
    /// <param name="flow">The caller's flow.</param>
    /// <param name="file">A whole image file, unchanged until the code is there.</param>
    /// <param name="deadline">Never encoded after it.</param>
    /// <param name="ct">Unlinks the item at once.</param>
    /// <param name="trace">Receives the item's steps; null for most.</param>
    /// <param name="room">The caller's places for images in flight; null: nobody counts them.</param>
    /// <exception cref="HashGrid.Model.Imaging.ImageFormatException">The header alone says that it cannot be decoded.</exception>
    public async ValueTask<EncodeItem> EnqueueAsync(
        EncodeFlow flow, ReadOnlyMemory<byte> file, DateTimeOffset deadline, CancellationToken ct, ItemTrace? trace = null, ImageRoom? room = null)
    {
        var item = new EncodeItem(flow, file, deadline, _decoder.Check(file)) { Trace = trace, Room = room };
        trace?.Enter("encode.admission");
        long came = _time.GetTimestamp();
        if (room is not null) await room.TakeAsync(ct);
        try
        {
            await _scheduler.Budget.TakeAsync(flow.Share, item.Load, ct);
        }
        catch
        {
            room?.Release();
            throw;
        }
        _metrics.Admitted(_time.GetElapsedTime(came));
        return Submit(item, ct);
    }

    /// <summary>Refuses what waits, ends the running batch, frees the network.</summary>
    public void Dispose()
    {
        _scheduler.Stop();
        _worker.Dispose();
    }

    private EncodeItem Submit(EncodeItem item, CancellationToken ct)
    {
        _scheduler.Submit(item, ct);
        StartDecoders();
        return item;
    }

    private void StartDecoders()
    {
        while (_scheduler.TryStartDecode(out EncodeItem? item))
            ThreadPool.UnsafeQueueUserWorkItem(static work => work.Pipeline.Decode(work.Item), (Pipeline: this, Item: item), preferLocal: false);
    }

    private void Decode(EncodeItem item)
    {
        float[]? pixels = null;
        Exception? failure = null;
        try
        {
            pixels = ArrayPool<float>.Shared.Rent(_inputSize * _inputSize);
            _decoder.Decode(item.File, _inputSize, pixels.AsSpan(0, _inputSize * _inputSize));
        }
        catch (Exception caught)
        {
            // Whatever a decoder throws on hostile bytes belongs to this item alone; the thread pool must not see it.
            if (pixels is not null) ArrayPool<float>.Shared.Return(pixels);
            pixels = null;
            failure = caught;
        }
        _scheduler.FinishDecode(item, pixels, failure);
        _worker.Wake();
        StartDecoders();
    }
}
