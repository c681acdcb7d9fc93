using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Encoding;

/// <summary>
/// The one thread that runs the network. Work-conserving: an idle encoder starts at once with whatever is decoded, and a batch forms
/// while it is busy; there is no timer. If a forward pass fails, the batch is split until the failing item stands alone; who was cancelled or
/// expired meanwhile is left out.
/// </summary>
/// <remarks>One dedicated thread, since TorchSharp's dispose scopes are thread-static.</remarks>
public sealed class EncodeWorker : IDisposable
{
    private static readonly TimeSpan WarmUpBudget = TimeSpan.FromSeconds(2);

    private readonly IImageEncoder _encoder;
    private readonly EncodeScheduler _scheduler;
    private readonly Action _tookBatch;
    private readonly TimeProvider _time;
    private readonly ServerMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    // Never disposed: a decoder that finishes late may still set it, and its handle goes with the last reference.
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly TaskCompletionSource<BatchCurve> _warm = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EncodeItem[] _batch;
    private readonly float[] _pixels;   // [MaxBatch, size, size]
    private readonly ulong[] _codes;    // [MaxBatch, words]
    private readonly int _imagePixels;
    private readonly int _words;
    private volatile bool _stopping;

    /// <param name="encoder">Belongs to the worker from here on.</param>
    /// <param name="scheduler">Where batches come from.</param>
    /// <param name="maxBatch">The largest batch, in images.</param>
    /// <param name="tookBatch">Called on the worker's thread after a batch left the queue: there is room to decode more.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">Where batches are counted.</param>
    /// <param name="logger">Where failures of the network are told.</param>
    public EncodeWorker(IImageEncoder encoder, EncodeScheduler scheduler, int maxBatch, Action tookBatch, TimeProvider time,
        ServerMetrics metrics, ILogger logger)
    {
        (_encoder, _scheduler, _tookBatch, _time, _metrics, _logger) = (encoder, scheduler, tookBatch, time, metrics, logger);
        _imagePixels = encoder.Identity.InputSize * encoder.Identity.InputSize;
        _words = (encoder.Identity.Bits + 63) / 64;
        _batch = new EncodeItem[maxBatch];
        _pixels = new float[maxBatch * _imagePixels];
        _codes = new ulong[maxBatch * _words];
        _thread = new Thread(Run) { Name = "HashGrid encoder", IsBackground = true };
    }

    /// <summary>Completes when every batch size has run once; faults if the network cannot run at all.</summary>
    public Task<BatchCurve> Warm => _warm.Task;

    public void Start() => _thread.Start();

    /// <summary>Says that something was decoded.</summary>
    public void Wake() => _wake.Set();

    /// <summary>Ends after the batch that runs now; waits for it.</summary>
    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        _wake.Set();
        if (_thread.IsAlive) _thread.Join();
        _encoder.Dispose();
    }

    private void Run()
    {
        int best;
        try
        {
            BatchCurve curve = BatchCurve.Measure(size => Forward(size), _batch.Length, _time, WarmUpBudget);
            best = curve.Best;
            _logger.EncoderWarm(_encoder.Device, best, curve);
            _metrics.ObserveCurve(curve);
            _warm.TrySetResult(curve);
        }
        catch (Exception failure)
        {
            // Readiness never comes, and the host stops with this failure.
            _warm.TrySetException(failure);
            return;
        }
        while (!_stopping)
        {
            int count = _scheduler.TakeBatch(_batch, best);
            if (count == 0)
            {
                _tookBatch();   // expired items may have made room
                _wake.WaitOne();
                continue;
            }
            _tookBatch();
            _metrics.BatchTaken(count);
            using (Tracing.StartBatch(_batch.AsSpan(0, count))) RunBatch(_batch.AsSpan(0, count));
            Array.Clear(_batch, 0, count);
        }
    }

    private void RunBatch(Span<EncodeItem> items)
    {
        try
        {
            for (int i = 0; i < items.Length; i++) items[i].Picture.AsSpan(0, _imagePixels).CopyTo(_pixels.AsSpan(i * _imagePixels));
            Forward(items.Length);
        }
        catch (Exception failure)
        {
            if (items.Length == 1)
            {
                _logger.EncoderFailed(failure);
                _scheduler.Fail(items[0], new ServiceException(ErrorReason.EncoderFailed,
                    $"the network failed on this image ({failure.GetType().Name}); send another one", failure));
                return;
            }
            _logger.BatchSplit(items.Length, failure.GetType().Name);
            RunAgain(items[..(items.Length / 2)]);
            RunAgain(items[(items.Length / 2)..]);
            return;
        }
        for (int i = 0; i < items.Length; i++)
        {
            if (items[i].Keeps) items[i].Kept = _pixels.AsSpan(i * _imagePixels, _imagePixels).ToArray();
            _scheduler.Complete(items[i], _codes.AsSpan(i * _words, _words).ToArray());
        }
    }

    private void RunAgain(Span<EncodeItem> items)
    {
        // Each half may wait for many forward passes of the other.
        int count = _scheduler.KeepWanted(items);
        if (count > 0) RunBatch(items[..count]);
    }

    private void Forward(int count) =>
        _encoder.Encode(_pixels.AsSpan(0, count * _imagePixels), count, _codes.AsSpan(0, count * _words));
}
