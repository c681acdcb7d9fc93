using System.Buffers;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

public sealed class EncodeSchedulerTests
{
    private FakeClock _clock = null!;
    private ServerMetrics _metrics = null!;
    private EncodeScheduler _scheduler = null!;

    [SetUp]
    public void SetUp()
    {
        _clock = new FakeClock();
        _metrics = new ServerMetrics();
        _scheduler = new EncodeScheduler(new EncodeLimits { MaxItems = 100, MaxBytes = 1000, Decoders = 2, MaxDecodingPixels = 100, DecodeAhead = 4, MaxBatch = 8 }, _clock, _metrics);
    }

    [TearDown]
    public void TearDown() => _metrics.Dispose();

    [Test]
    public void TryStartDecode_MoreThanDecoders_StopsAtTheLimit()
    {
        for (int i = 0; i < 5; i++) Submit();
        Assert.That((Start(), Start(), Start()), Is.EqualTo((true, true, false)));
    }

    [Test]
    public void TryStartDecode_EnoughAhead_StopsUntilABatchIsTaken()
    {
        for (int i = 0; i < 9; i++) Submit();
        for (int i = 0; i < 4; i++) DecodeOne();
        Assert.That(Start(), Is.False);
        Assert.That(_scheduler.TakeBatch(new EncodeItem[8], 8), Is.EqualTo(4));
        Assert.That(Start(), Is.True);
    }

    [Test]
    public async Task Complete_AfterTheBatch_ReleasesEverything()
    {
        EncodeItem item = Submit();
        DecodeOne();
        Assert.That((_scheduler.Budget.Items, _scheduler.Budget.Bytes), Is.EqualTo((1, 0L)), "file bytes go as soon as they are decoded");
        EncodeItem[] batch = new EncodeItem[1];
        _scheduler.TakeBatch(batch, 1);
        _scheduler.Complete(batch[0], [42]);
        Assert.That(await item.Code.Soon(), Is.EqualTo(new ulong[] { 42 }));
        Assert.That(_scheduler.Budget.Items, Is.Zero);
    }

    [TestCase(EncodeStage.Waiting)]
    [TestCase(EncodeStage.Decoding)]
    [TestCase(EncodeStage.Decoded)]
    [TestCase(EncodeStage.Running)]
    public void Cancel_InAnyStage_AnswersAtOnceAndHoldsNothingInTheEnd(EncodeStage stage)
    {
        using CancellationTokenSource cancel = new();
        EncodeItem item = Submit(ct: cancel.Token);
        if (stage >= EncodeStage.Decoding) _scheduler.TryStartDecode(out _);
        if (stage >= EncodeStage.Decoded) _scheduler.FinishDecode(item, ArrayPool<float>.Shared.Rent(4), failure: null);
        EncodeItem[] batch = new EncodeItem[1];
        if (stage >= EncodeStage.Running) _scheduler.TakeBatch(batch, 1);
        Assert.That(item.Stage, Is.EqualTo(stage));

        cancel.Cancel();
        Assert.That(item.Code.IsCanceled, Is.True);

        if (stage == EncodeStage.Decoding) _scheduler.FinishDecode(item, ArrayPool<float>.Shared.Rent(4), failure: null);
        Assert.That(_scheduler.TakeBatch(new EncodeItem[1], 1), Is.Zero, "a cancelled item must not be encoded");
        if (stage == EncodeStage.Running) _scheduler.Complete(item, [1]);
        Assert.That((_scheduler.Budget.Items, _scheduler.Budget.Bytes), Is.EqualTo((0, 0L)));
        Assert.That(_scheduler.Queued, Is.EqualTo((0, 0)));
    }

    [Test]
    public void Submit_CancelledBefore_NeverQueues()
    {
        EncodeItem item = Submit(ct: new CancellationToken(canceled: true));
        Assert.That(item.Code.IsCanceled, Is.True);
        Assert.That((_scheduler.Budget.Items, _scheduler.Budget.Bytes, _scheduler.Queued), Is.EqualTo((0, 0L, (0, 0))));
    }

    [Test]
    public void TakeBatch_DeadlinePassedWhileDecoded_FailsItAndTakesTheNext()
    {
        EncodeItem late = Submit(deadline: FakeClock.Epoch.AddSeconds(1)), later = Submit(deadline: FakeClock.Epoch.AddSeconds(3));
        DecodeOne();
        DecodeOne();
        _clock.Advance(TimeSpan.FromSeconds(1));
        EncodeItem[] batch = new EncodeItem[2];
        Assert.That(_scheduler.TakeBatch(batch, 2), Is.EqualTo(1));
        Assert.That(batch[0], Is.SameAs(later));
        Assert.That(((ServiceException)late.Code.Exception!.InnerException!).Reason, Is.EqualTo(ErrorReason.DeadlineExceeded));
    }

    [TestCase(EncodeStage.Waiting)]
    [TestCase(EncodeStage.Decoding)]
    [TestCase(EncodeStage.Decoded)]
    public void Deadline_PassesInAnyStage_IsToldAtThatMomentAndHoldsNothingInTheEnd(EncodeStage stage)
    {
        EncodeItem item = Submit(deadline: FakeClock.Epoch.AddSeconds(1)), behind = Submit(deadline: FakeClock.Epoch.AddSeconds(9));
        if (stage >= EncodeStage.Decoding) _scheduler.TryStartDecode(out _);
        if (stage >= EncodeStage.Decoded) _scheduler.FinishDecode(item, ArrayPool<float>.Shared.Rent(4), failure: null);
        _clock.Advance(TimeSpan.FromSeconds(0.999));
        Assert.That(item.Code.IsCompleted, Is.False);

        _clock.Advance(TimeSpan.FromSeconds(0.001));

        Assert.That(((ServiceException)item.Code.Exception!.InnerException!).Reason, Is.EqualTo(ErrorReason.DeadlineExceeded));
        Assert.That(_scheduler.Budget.Items, Is.EqualTo(stage == EncodeStage.Decoding ? 2 : 1), "a decoder's thread gives back what it reads when it is done");
        if (stage == EncodeStage.Decoding) _scheduler.FinishDecode(item, ArrayPool<float>.Shared.Rent(4), failure: null);
        Assert.That((_scheduler.Budget.Items, _scheduler.TakeBatch(new EncodeItem[1], 1)), Is.EqualTo((1, 0)));
        _clock.Advance(TimeSpan.FromSeconds(8));
        Assert.That((behind.Code.IsFaulted, _scheduler.Budget.Held), Is.EqualTo((true, default(EncodeLoad))), "the timer is set for the next one");
    }

    [Test]
    public void Submit_CancelledBeforeWithTheDeadlineOfAnother_LeavesTheOthersDeadlineAlone()
    {
        EncodeItem first = Submit(deadline: FakeClock.Epoch.AddSeconds(1));
        Submit(deadline: FakeClock.Epoch.AddSeconds(1), ct: new CancellationToken(canceled: true));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(first.Code.IsFaulted, Is.True);
    }

    [Test]
    public void TryStartDecode_PixelsUsedUp_WaitsAndNothingOvertakes()
    {
        EncodeItem first = Submit(pixels: 60);
        Submit(pixels: 50);
        Submit(pixels: 1);
        Assert.That((Start(), Start(), _scheduler.DecodingPixels), Is.EqualTo((true, false, 60L)));
        _scheduler.FinishDecode(first, ArrayPool<float>.Shared.Rent(4), failure: null);
        Assert.That((Start(), Start(), _scheduler.DecodingPixels), Is.EqualTo((true, true, 51L)));
    }

    [Test]
    public void TryStartDecode_LargerThanAllPixels_IsDecodedAlone()
    {
        EncodeItem large = Submit(pixels: 500);
        Submit(pixels: 1);
        Assert.That((Start(), Start()), Is.EqualTo((true, false)));
        _scheduler.FinishDecode(large, ArrayPool<float>.Shared.Rent(4), failure: null);
        Assert.That((Start(), _scheduler.DecodingPixels), Is.EqualTo((true, 1L)));
    }

    [Test]
    public void TryStartDecode_DeadlinePassedWhileWaiting_IsNotDecoded()
    {
        Submit(deadline: FakeClock.Epoch.AddSeconds(1));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Start(), Is.False);
        Assert.That((_scheduler.Budget.Items, _scheduler.Budget.Bytes), Is.EqualTo((0, 0L)));
    }

    [Test]
    public void FinishDecode_BadImage_FailsAlone()
    {
        EncodeItem bad = Submit(), good = Submit();
        _scheduler.TryStartDecode(out _);
        _scheduler.FinishDecode(bad, pixels: null, new InvalidDataException("bad"));
        DecodeOne();
        Assert.That(bad.Code.Exception?.InnerException, Is.InstanceOf<InvalidDataException>());
        EncodeItem[] batch = new EncodeItem[2];
        Assert.That(_scheduler.TakeBatch(batch, 2), Is.EqualTo(1));
        Assert.That(batch[0], Is.SameAs(good));
    }

    [Test]
    public void TakeBatch_BulkAndSearch_SearchGoesFirst()
    {
        EncodeFlow bulk = _scheduler.OpenFlow(EncodeFlow.IngestWeight), search = _scheduler.OpenFlow(EncodeFlow.SearchWeight);
        for (int i = 0; i < 3; i++) Submit(bulk);
        for (int i = 0; i < 3; i++) DecodeOne();
        EncodeItem[] batch = new EncodeItem[1];
        _scheduler.TakeBatch(batch, 1);
        EncodeItem query = Submit(search);
        DecodeOne();
        _scheduler.TakeBatch(batch, 1);
        _scheduler.TakeBatch(batch, 1);
        Assert.That(query.Stage, Is.EqualTo(EncodeStage.Running), "at most one bulk image of an equal start may go before");
    }

    [Test]
    public void Stop_WithItemsInEveryQueue_FailsThemAndWhatComes()
    {
        EncodeItem decoded = Submit();
        DecodeOne();
        EncodeItem waiting = Submit();
        _scheduler.Stop();
        EncodeItem late = Submit();
        foreach (EncodeItem item in (EncodeItem[])[decoded, waiting, late])
            Assert.That(((ServiceException)item.Code.Exception!.InnerException!).Reason, Is.EqualTo(ErrorReason.ServerDraining));
        Assert.That(_scheduler.Budget.Items, Is.Zero);
    }

    private EncodeItem Submit(EncodeFlow? flow = null, DateTimeOffset? deadline = null, CancellationToken ct = default, long pixels = 1)
    {
        var item = new EncodeItem(flow ??= _scheduler.OpenFlow(1), new byte[10], deadline ?? DateTimeOffset.MaxValue, pixels);
        Assert.That(_scheduler.Budget.TryTake(flow.Share, new EncodeLoad(1, 10, pixels)), Is.True);
        _scheduler.Submit(item, ct);
        return item;
    }

    private bool Start() => _scheduler.TryStartDecode(out _);

    private void DecodeOne()
    {
        Assert.That(_scheduler.TryStartDecode(out EncodeItem? item), Is.True);
        _scheduler.FinishDecode(item!, ArrayPool<float>.Shared.Rent(4), failure: null);
    }
}
