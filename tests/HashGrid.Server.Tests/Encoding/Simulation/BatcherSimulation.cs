using System.Buffers;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding.Simulation;

/// <summary>
/// The server's own scheduler, budget and deadlines under overload; decoders, network, callers and clock are a seeded list of events.
/// Eleven streams push as hard as they are let in, searches come at random; images differ in bytes and pixels; deadlines reach from
/// hopeless to none; single images and whole streams are cancelled; some images fail in the decoder, some in the network.
/// </summary>
/// <remarks>After each event what is held is compared with a second set of books, counted anew from every image.</remarks>
internal sealed class BatcherSimulation : IDisposable
{
    private static readonly TimeSpan PerBatch = TimeSpan.FromMilliseconds(10), PerImage = TimeSpan.FromMilliseconds(7), BetweenSearches = TimeSpan.FromMilliseconds(60);
    // Timers know milliseconds: so much later an expired image may leave. It is never encoded meanwhile.
    private static readonly TimeSpan TimerStep = TimeSpan.FromMilliseconds(1);
    private static readonly EncodeLoad Window = new(24, 16 << 20, 100_000_000);

    private readonly FakeClock _clock = new();
    private readonly ServerMetrics _metrics = new();
    private readonly EncodeScheduler _scheduler;
    private readonly Random _random;
    private readonly int _items;
    private readonly List<SimStream> _streams = [];
    private readonly SimStream _search;
    private readonly List<SimItem> _held = [];
    private readonly Dictionary<EncodeItem, SimItem> _byItem = [];
    private readonly List<SimItem> _cancellable = [];
    private readonly PriorityQueue<Action, (DateTimeOffset Due, long Order)> _events = new();
    private readonly byte[] _file = new byte[4_100_000];
    private long _order;
    private bool _networkBusy;

    public BatcherSimulation(int seed, int items)
    {
        (_random, _items) = (new Random(seed), items);
        _scheduler = new EncodeScheduler(Limits, _clock, _metrics);
        for (int i = 0; i < 8; i++) Open($"ingest {i}", EncodeFlow.IngestWeight, Window);
        for (int i = 0; i < 3; i++) Open($"encode {i}", EncodeFlow.EncodeWeight, Window);
        _search = Open("search", EncodeFlow.SearchWeight, null);
        Fairness = new FairnessWatch(_streams, _scheduler);
    }

    public static EncodeLimits Limits { get; } = new()
    {
        MaxItems = 256,
        MaxBytes = 64 << 20,
        MaxPixels = 400_000_000,
        Reserve = new EncodeLoad(32, 8 << 20, 60_000_000),
        Decoders = 3,
        MaxDecodingPixels = 60_000_000,
        DecodeAhead = 16,
        MaxBatch = 8,
    };

    public SimResult Result { get; } = new();

    public FairnessWatch Fairness { get; }

    public IReadOnlyList<SimStream> Streams => _streams;

    /// <summary>Runs until every image is answered.</summary>
    public void Run()
    {
        After(TimeSpan.Zero, () => { });
        After(BetweenSearches, Search);
        After(TimeSpan.FromMilliseconds(3), CancelOne);
        After(TimeSpan.FromSeconds(7), CancelStream);
        while (_events.TryDequeue(out Action? happen, out (DateTimeOffset Due, long Order) key))
        {
            _clock.Advance(key.Due - _clock.GetUtcNow());   // deadlines fire inside
            Audit();
            happen();
            LetIn();
            StartDecoders();
            StartBatch();
            Audit();
        }
        Result.Left = _scheduler.Budget.Held;
        if (_byItem.Count > 0) Result.Broken($"{_byItem.Count} images were never answered");
    }

    public void Dispose()
    {
        _scheduler.Stop();
        _metrics.Dispose();
    }

    private bool Ending => Result.Sent >= _items;

    private SimStream Open(string name, double weight, EncodeLoad? limit)
    {
        var stream = new SimStream(name, weight, _scheduler.OpenFlow(weight, limit));
        _streams.Add(stream);
        return stream;
    }

    private void After(TimeSpan wait, Action action) => _events.Enqueue(action, (_clock.GetUtcNow() + wait, _order++));

    private SimItem Make(SimStream stream)
    {
        Result.Sent++;
        // Small ones in one minute, larger ones in the next: items, bytes and pixels are each what is scarce at times. Who searches sends a small picture.
        double scale = stream == _search ? 0.05 : 1, power = _clock.GetUtcNow().Minute % 2 == 0 ? 5 : 15;
        var load = new EncodeLoad(1, 2_000 + (long)(Math.Pow(_random.NextDouble(), power) * 4_000_000 * scale), 10_000 + (long)(Math.Pow(_random.NextDouble(), power) * 50_000_000 * scale));
        DateTimeOffset deadline = _random.Next(5) == 0 ? DateTimeOffset.MaxValue : _clock.GetUtcNow() + TimeSpan.FromMilliseconds(_random.Next(2, 4_000));
        var made = new SimItem(stream, new EncodeItem(stream.Flow, _file.AsMemory(0, (int)load.Bytes), deadline, load.Pixels), load,
            _random.Next(8) == 0 ? new CancellationTokenSource() : null);
        if (made.Cancel is not null) _cancellable.Add(made);
        return made;
    }

    /// <summary>Streams send their next image until they have to wait.</summary>
    private void LetIn()
    {
        bool any = true;
        while (any)
        {
            any = false;
            foreach (SimStream stream in _streams)
            {
                if (stream.Pending is { Admitted.IsCompleted: true } pending)
                {
                    stream.Pending = null;
                    any = true;
                    if (!pending.Admitted.IsCanceled) Submit(pending.Item);
                }
                if (stream != _search && stream.Pending is null && !Ending)
                {
                    SimItem next = Make(stream);
                    stream.Pending = (_scheduler.Budget.TakeAsync(stream.Flow.Share, next.Load, next.Token), next);
                    any = true;
                }
            }
        }
    }

    private void Submit(SimItem item)
    {
        _held.Add(item);
        _byItem.Add(item.Item, item);
        _scheduler.Submit(item.Item, item.Token);
    }

    private void Search()
    {
        if (Ending) return;
        After(BetweenSearches * -Math.Log(1 - _random.NextDouble()), Search);
        SimItem item = Make(_search);
        if (_scheduler.WaitingOf(_search.Flow) == 0) item.OthersBefore = OthersStarted;
        if (_scheduler.Budget.TryTake(_search.Flow.Share, item.Load)) Submit(item);
        else Result.SearchesRefused++;
    }

    private long OthersStarted => _streams.Sum(stream => stream == _search ? 0 : stream.Started);

    private void CancelOne()
    {
        if (Ending && _byItem.Count == 0) return;
        After(TimeSpan.FromMilliseconds(_random.Next(1, 60)), CancelOne);
        if (_cancellable.Count > 0) Cancel(_cancellable[_random.Next(_cancellable.Count)]);
    }

    /// <summary>A connection is lost: all that a stream could cancel goes at once.</summary>
    private void CancelStream()
    {
        if (Ending) return;
        After(TimeSpan.FromSeconds(7), CancelStream);
        SimStream stream = _streams[_random.Next(_streams.Count)];
        foreach (SimItem item in _cancellable.Where(item => item.Stream == stream).ToList()) Cancel(item);
    }

    private void Cancel(SimItem item)
    {
        _cancellable.Remove(item);
        bool held = _byItem.ContainsKey(item.Item) && !item.Item.Code.IsCompleted;
        bool outside = item.Stream.Pending is { } pending && pending.Item == item && !pending.Admitted.IsCompleted;
        item.Cancel!.Cancel();
        item.Cancel.Dispose();
        if (outside) Result.CancelledOutside++;
        if (!held) return;
        Result.Cancelled++;
        if (!item.Item.Code.IsCanceled) Result.Broken("a cancelled image was not answered at once");
        Audit();   // what it held has gone at this moment
    }

    private void StartDecoders()
    {
        while (_scheduler.TryStartDecode(out EncodeItem? started))
        {
            SimItem item = _byItem[started];
            item.Stage = EncodeStage.Decoding;
            if (started.Code.IsCompleted || started.Deadline <= _clock.GetUtcNow()) Result.Broken("an image was decoded after its deadline or its cancel");
            if (item.OthersBefore is { } before) Result.SearchOvertaken = Math.Max(Result.SearchOvertaken, OthersStarted - before);
            item.Stream.Started++;
            Fairness.Observe();
            After(TimeSpan.FromMicroseconds(200 + item.Load.Pixels / 1000), () => FinishDecode(item));
        }
        Result.PeakDecodingPixels = Math.Max(Result.PeakDecodingPixels, _scheduler.DecodingPixels);
    }

    private void FinishDecode(SimItem item)
    {
        bool bad = _random.Next(200) == 0;
        item.Stage = bad || item.Item.Code.IsCompleted ? EncodeStage.Finished : EncodeStage.Decoded;
        _scheduler.FinishDecode(item.Item, bad ? null : ArrayPool<float>.Shared.Rent(16), bad ? new InvalidDataException("bad image") : null);
    }

    private void StartBatch()
    {
        if (_networkBusy) return;
        var batch = new EncodeItem[Limits.MaxBatch];
        int count = _scheduler.TakeBatch(batch, batch.Length);
        if (count == 0) return;
        _networkBusy = true;
        SimItem[] running = [.. batch.Take(count).Select(item => _byItem[item])];
        foreach (SimItem item in running)
        {
            item.Stage = EncodeStage.Running;
            if (item.Item.Deadline <= _clock.GetUtcNow()) Result.ExecutedAfterDeadline++;
            if (item.Item.Code.IsCanceled) Result.ExecutedAfterCancel++;
        }
        After(PerBatch + count * PerImage, () => FinishBatch(running));
    }

    private void FinishBatch(SimItem[] running)
    {
        _networkBusy = false;
        foreach (SimItem item in running)
        {
            item.Stage = EncodeStage.Finished;
            if (_random.Next(500) == 0) _scheduler.Fail(item.Item, new InvalidOperationException("poison"));
            else _scheduler.Complete(item.Item, [1]);
        }
    }

    /// <summary>Counts what every image must hold, and compares.</summary>
    private void Audit()
    {
        EncodeLoad due = default;
        DateTimeOffset overdue = _clock.GetUtcNow() - TimerStep;
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            SimItem item = _held[i];
            due += item.Due;
            if (!item.Item.Code.IsCompleted && item.Item.Deadline <= overdue && item.Stage != EncodeStage.Running) Result.Broken($"an image in stage {item.Stage} is not answered after its deadline");
            if (item.Due == default) Retire(i);
        }
        foreach (SimStream stream in _streams)
        {
            if (stream.Pending is { Admitted.IsCompletedSuccessfully: true } pending) due += pending.Item.Load;
            if (!stream.Flow.Share.Held.Fits(default, stream.Flow.Share.Limit)) Result.Broken($"{stream.Name} holds {stream.Flow.Share.Held}, above {stream.Flow.Share.Limit}");
        }
        EncodeLoad held = _scheduler.Budget.Held;
        if (held != due) Result.Broken($"{held} is held, but the images account for {due}");
        if (!held.Fits(default, _scheduler.Budget.Limit)) Result.Broken($"{held} is held, above {_scheduler.Budget.Limit}");
        Result.Peak = new EncodeLoad(Math.Max(Result.Peak.Items, held.Items), Math.Max(Result.Peak.Bytes, held.Bytes), Math.Max(Result.Peak.Pixels, held.Pixels));
    }

    private void Retire(int at)
    {
        SimItem item = _held[at];
        _held[at] = _held[^1];
        _held.RemoveAt(_held.Count - 1);
        _byItem.Remove(item.Item);
        Task<ulong[]> code = item.Item.Code;
        if (code.IsCompletedSuccessfully)
        {
            Result.Executed++;
            item.Stream.Executed++;
        }
        else if (code.Exception?.InnerException is ServiceException { Reason: ErrorReason.DeadlineExceeded }) Result.Expired++;
        else if (code.IsFaulted) Result.Failed++;
    }
}
