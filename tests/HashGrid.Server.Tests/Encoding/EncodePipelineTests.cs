using HashGrid.Model.Imaging;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace HashGrid.Server.Tests.Encoding;

public sealed class EncodePipelineTests
{
    private readonly TinyDecoder _decoder = new();
    private TinyEncoder _encoder = null!;
    private ServerMetrics _metrics = null!;
    private EncodePipeline _pipeline = null!;

    [SetUp]
    public async Task SetUp()
    {
        _encoder = new TinyEncoder();
        _decoder.BeforeDecode = null;
        _metrics = new ServerMetrics();
        _pipeline = new EncodePipeline(_encoder, _decoder, new EncodeLimits { MaxItems = 64, MaxBytes = 1 << 20, Decoders = 2, DecodeAhead = 32, MaxBatch = 8 },
            TimeProvider.System, _metrics, NullLogger.Instance);
        _pipeline.Start();
        await _pipeline.Warm.Soon();
    }

    [TearDown]
    public void TearDown()
    {
        _pipeline.Dispose();
        _metrics.Dispose();
    }

    [Test]
    public async Task EnqueueAsync_ManyAtOnce_EachGetsTheCodeOfItsOwnPicture()
    {
        EncodeFlow flow = _pipeline.OpenFlow(1);
        List<(byte[] File, Task<ulong[]> Code)> items = [];
        for (byte i = 0; i < 60; i++)
        {
            byte[] file = Picture(i);
            items.Add((file, (await Enqueue(flow, file).Soon()).Code));
        }
        foreach ((byte[] file, Task<ulong[]> code) in items) Assert.That(await code.Soon(), Is.EqualTo(Expected(file)));
        Assert.That((_pipeline.Budget.Items, _pipeline.Budget.Bytes), Is.EqualTo((0, 0L)));
        Assert.That(_metrics.ImagesEncoded, Is.EqualTo(60));
    }

    [Test]
    public async Task EnqueueAsync_IdleEncoder_StartsAtOnceWithOne()
    {
        int before = _encoder.Batches.Length;
        await (await Enqueue(_pipeline.OpenFlow(1), Picture(1)).Soon()).Code.Soon();
        Assert.That(_encoder.Batches[before..], Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public async Task EnqueueAsync_BusyEncoder_FormsABatchMeanwhile()
    {
        using ManualResetEventSlim gate = Hold();
        EncodeFlow flow = _pipeline.OpenFlow(1);
        List<Task<ulong[]>> codes = [(await Enqueue(flow, Picture(0)).Soon()).Code];
        await Within.Until(() => _entered, "the first batch to run");
        int before = _encoder.Batches.Length;
        for (byte i = 1; i < 9; i++) codes.Add((await Enqueue(flow, Picture(i)).Soon()).Code);
        await Within.Until(() => _pipeline.Budget.Bytes == 0, "all to be decoded");
        gate.Set();
        await Task.WhenAll(codes).Soon();
        int best = (await _pipeline.Warm).Best;
        Assert.That(_encoder.Batches[before], Is.EqualTo(1));
        Assert.That(_encoder.Batches[before + 1], Is.EqualTo(Math.Min(8, best)));
    }

    [Test]
    public async Task EnqueueAsync_PoisonInABatch_FailsThatItemOnly()
    {
        using ManualResetEventSlim gate = Hold();
        _encoder.Poison = picture => picture[0] == 7 / 255f;
        EncodeFlow flow = _pipeline.OpenFlow(1);
        List<Task<ulong[]>> codes = [];
        for (byte i = 0; i < 16; i++) codes.Add((await Enqueue(flow, Picture(i)).Soon()).Code);
        gate.Set();
        for (byte i = 0; i < 16; i++)
        {
            if (i == 7) Assert.That(() => codes[7].Soon(), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.EncoderFailed));
            else Assert.That(await codes[i].Soon(), Is.EqualTo(Expected(Picture(i))));
        }
    }

    [Test]
    public async Task EnqueueAsync_PoisonInABatch_RunsNobodyAgainWhoLeftOrExpiredMeanwhile()
    {
        FakeClock clock = new();
        TinyEncoder encoder = new();
        using EncodePipeline pipeline = new(encoder, _decoder, new EncodeLimits { Decoders = 2, MaxBatch = 8 }, clock, _metrics, NullLogger.Instance);
        pipeline.Start();
        await pipeline.Warm.Soon();
        using ManualResetEventSlim first = new(), second = new();
        int runs = 0;
        List<float> seen = [];
        encoder.BeforeBatch = _ =>
        {
            int run = Interlocked.Increment(ref runs);
            if (run <= 2) (run == 1 ? first : second).Wait(Within.Limit);
            if (run == 3) lock (seen) seen.Clear();   // from here on: what runs again
        };
        encoder.Poison = picture =>
        {
            lock (seen) seen.Add(picture[0]);
            return picture[0] == 7 / 255f;
        };
        EncodeFlow flow = pipeline.OpenFlow(1);
        using CancellationTokenSource cancel = new();
        Task<ulong[]> running = (await pipeline.EnqueueAsync(flow, Picture(0), DateTimeOffset.MaxValue, default)).Code;
        await Within.Until(() => Volatile.Read(ref runs) == 1, "the first batch to run");
        EncodeItem[] items = new EncodeItem[8];
        for (byte i = 0; i < 8; i++)
            items[i] = await pipeline.EnqueueAsync(flow, Picture((byte)(i + 1)), i == 1 ? clock.GetUtcNow().AddSeconds(5) : DateTimeOffset.MaxValue, i == 4 ? cancel.Token : default);
        await Within.Until(() => pipeline.Budget.Bytes == 0, "all to be decoded");
        first.Set();
        await Within.Until(() => Volatile.Read(ref runs) == 2, "the batch with the poison to run");
        clock.Advance(TimeSpan.FromSeconds(6));
        await cancel.CancelAsync();
        second.Set();
        await running.Soon();
        for (int i = 0; i < 8; i++)
        {
            if (i == 4) Assert.That(items[i].Code.IsCanceled, Is.True);
            else if (i is 1 or 6) Assert.That(() => items[i].Code.Soon(), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(i == 1 ? ErrorReason.DeadlineExceeded : ErrorReason.EncoderFailed));
            else Assert.That(await items[i].Code.Soon(), Is.EqualTo(Expected(Picture((byte)(i + 1)))));
        }
        Assert.That(encoder.Batches[^1], Is.LessThan(8));
        lock (seen) Assert.That(seen, Has.Member(3 / 255f).And.No.Member(2 / 255f).And.No.Member(5 / 255f), "the expired and the cancelled picture");
        await Within.Until(() => pipeline.Budget.Items == 0, "all room to come back");
    }

    [Test]
    public async Task EnqueueAsync_DamagedImage_FailsAlone()
    {
        EncodeFlow flow = _pipeline.OpenFlow(1);
        EncodeItem bad = await Enqueue(flow, [255, 1]).Soon(), good = await Enqueue(flow, Picture(3)).Soon();
        Assert.That(() => bad.Code.Soon(), Throws.InstanceOf<ImageFormatException>());
        Assert.That(await good.Code.Soon(), Is.EqualTo(Expected(Picture(3))));
    }

    [Test]
    public void TryEnqueue_EmptyImage_ThrowsBeforeAdmission()
    {
        Assert.That(() => _pipeline.TryEnqueue(_pipeline.OpenFlow(1), default, DateTimeOffset.MaxValue, CancellationToken.None), Throws.InstanceOf<ImageFormatException>());
        Assert.That(_pipeline.Budget.Items, Is.Zero);
    }

    [Test]
    public async Task TryEnqueue_Full_IsNullUntilThereIsRoom()
    {
        using ManualResetEventSlim gate = Hold();
        EncodeFlow flow = _pipeline.OpenFlow(1);
        List<Task<ulong[]>> codes = [];
        for (int i = 0; i < 64; i++) codes.Add((await Enqueue(flow, Picture((byte)i)).Soon()).Code);
        Assert.That(_pipeline.TryEnqueue(flow, Picture(1), DateTimeOffset.MaxValue, CancellationToken.None), Is.Null);
        gate.Set();
        await Task.WhenAll(codes).Soon();
        await _pipeline.TryEnqueue(flow, Picture(1), DateTimeOffset.MaxValue, CancellationToken.None)!.Code.Soon();
    }

    [Test]
    public async Task Cancel_Storm_LeavesNothingHeld()
    {
        using ManualResetEventSlim gate = Hold();
        EncodeFlow flow = _pipeline.OpenFlow(1);
        await Enqueue(flow, Picture(0)).Soon();
        await Within.Until(() => _entered, "the first batch to run");
        int encoded = _encoder.Batches.Sum();
        for (int i = 0; i < 10_000; i++)
        {
            using CancellationTokenSource cancel = new();
            EncodeItem item = await _pipeline.EnqueueAsync(flow, Picture((byte)i), DateTimeOffset.MaxValue, cancel.Token).Soon();
            await cancel.CancelAsync();
            Assert.That(item.Code.IsCanceled, Is.True);
        }
        gate.Set();
        await Within.Until(() => _pipeline.Budget.Items == 0, "all room to come back");
        Assert.That(_pipeline.Budget.Bytes, Is.Zero);
        Assert.That(_encoder.Batches.Sum() - encoded, Is.EqualTo(1), "only the item that was running already");
    }

    [Test]
    public async Task Dispose_WithItemsWaiting_FailsThemAndFreesTheEncoder()
    {
        using ManualResetEventSlim gate = Hold();
        EncodeFlow flow = _pipeline.OpenFlow(1);
        await Enqueue(flow, Picture(0)).Soon();
        await Within.Until(() => _entered, "the first batch to run");
        EncodeItem waiting = await Enqueue(flow, Picture(1)).Soon();
        Task dispose = Task.Run(_pipeline.Dispose);
        Assert.That(() => waiting.Code.Soon(), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.ServerDraining));
        gate.Set();
        await dispose.Soon();
        Assert.That(_encoder.Disposed, Is.True);
    }

    [Test]
    public async Task Dispose_WhileAPictureIsDecoded_LetsTheDecoderFinishLate()
    {
        using ManualResetEventSlim gate = new(), decoding = new();
        _decoder.BeforeDecode = () =>
        {
            decoding.Set();
            gate.Wait(Within.Limit);
        };
        EncodeItem item = await Enqueue(_pipeline.OpenFlow(1), Picture(1)).Soon();
        Assert.That(decoding.Wait(Within.Limit), Is.True);
        _pipeline.Dispose();
        gate.Set();
        Assert.That(() => item.Code.Soon(), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.ServerDraining));
        await Within.Until(() => _pipeline.Budget is { Items: 0, Bytes: 0 }, "the late picture to give its room back");
    }

    [Test]
    public async Task Warm_NetworkThatCannotRun_Faults()
    {
        using ServerMetrics metrics = new();
        using EncodePipeline broken = new(new TinyEncoder { BeforeBatch = _ => throw new InvalidOperationException("no kernel") }, _decoder, new EncodeLimits(),
            TimeProvider.System, metrics, NullLogger.Instance);
        broken.Start();
        Assert.That(() => broken.Warm.Soon(), Throws.InvalidOperationException);
        await Task.CompletedTask;
    }

    private volatile bool _entered;

    private ManualResetEventSlim Hold()
    {
        ManualResetEventSlim gate = new();
        _entered = false;
        _encoder.BeforeBatch = _ =>
        {
            _entered = true;
            gate.Wait(Within.Limit);
        };
        return gate;
    }

    private ValueTask<EncodeItem> Enqueue(EncodeFlow flow, byte[] file) => _pipeline.EnqueueAsync(flow, file, DateTimeOffset.MaxValue, CancellationToken.None);

    private static byte[] Picture(byte seed)
    {
        byte[] file = new byte[TinyEncoder.Size * TinyEncoder.Size];
        new Random(seed).NextBytes(file);
        file[0] = (byte)(seed % 255);
        return file;
    }

    private ulong[] Expected(byte[] file)
    {
        float[] pixels = new float[TinyEncoder.Size * TinyEncoder.Size];
        _decoder.Decode(file, TinyEncoder.Size, pixels);
        ulong[] code = new ulong[1];
        new TinyEncoder().Encode(pixels, 1, code);
        return code;
    }
}
