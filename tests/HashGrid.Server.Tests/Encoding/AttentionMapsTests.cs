using HashGrid.Model.Attention;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Searching;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

public sealed class AttentionMapsTests
{
    private static readonly AttentionMap Map = new([0f], 1);

    private readonly SearchGate _gate = new(concurrent: 1, maxQueued: 1000, maxPerCaller: 1000);

    [Test]
    public void TakePlace_MoreThanTheCallerMayHave_IsRefusedAndAnotherCallerIsNot()
    {
        AttentionMaps maps = new(_ => Map);
        SearchCaller busy = _gate.OpenCaller(), other = _gate.OpenCaller();
        for (int i = 0; i < AttentionMaps.LimitPerCaller; i++) maps.TakePlace(busy);
        ServiceException? full = Assert.Throws<ServiceException>(() => maps.TakePlace(busy));
        Assert.That((full!.Reason, full.Message.Contains("this caller has 16", StringComparison.Ordinal)), Is.EqualTo((ErrorReason.SearchQueueFull, true)));
        maps.TakePlace(other);
        maps.ReturnPlace(busy);
        maps.TakePlace(busy);
    }

    [Test]
    public void TakePlace_ManyCallers_AreBoundedTogether()
    {
        AttentionMaps maps = new(_ => Map);
        for (int i = 0; i < AttentionMaps.Limit; i++) maps.TakePlace(_gate.OpenCaller());
        Assert.That(Assert.Throws<ServiceException>(() => maps.TakePlace(_gate.OpenCaller()))!.Message, Does.StartWith("64 attention maps are in flight"));
        Assert.That(maps.InFlight, Is.EqualTo(AttentionMaps.Limit));
    }

    [Test]
    public async Task ReadAsync_BehindAnotherCallersMany_WaitsForOneOfThemAndNeverTwoAtOnce()
    {
        using SemaphoreSlim turns = new(0);
        List<float> order = [];
        int running = 0, most = 0;
        AttentionMaps maps = new(picture =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            turns.Wait(Within.Limit);
            lock (order) order.Add(picture[0]);
            Interlocked.Decrement(ref running);
            return Map;
        });
        SearchCaller busy = _gate.OpenCaller(), other = _gate.OpenCaller();
        List<Task> all = [.. Enumerable.Range(0, 10).Select(_ => maps.ReadAsync(busy, [0f], CancellationToken.None))];
        all.Add(maps.ReadAsync(other, [1f], CancellationToken.None));
        turns.Release(all.Count);
        await Task.WhenAll(all).Soon();
        Assert.That((order.IndexOf(1f), most), Is.EqualTo((1, 1)).Or.EqualTo((2, 1)));
    }

    [Test]
    public async Task ReadAsync_Cancelled_GivesUpItsTurn()
    {
        using ManualResetEventSlim gate = new();
        AttentionMaps maps = new(_ =>
        {
            gate.Wait(Within.Limit);
            return Map;
        });
        SearchCaller caller = _gate.OpenCaller();
        using CancellationTokenSource cancel = new();
        Task first = maps.ReadAsync(caller, [0f], CancellationToken.None), second = maps.ReadAsync(caller, [0f], cancel.Token), third = maps.ReadAsync(caller, [0f], CancellationToken.None);
        await cancel.CancelAsync();
        Assert.That(() => second.Soon(), Throws.InstanceOf<OperationCanceledException>());
        gate.Set();
        await Task.WhenAll(first, third).Soon();
    }
}
