using HashGrid.Server.Errors;
using HashGrid.Server.Searching;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Searching;

public sealed class SearchGateTests
{
    [Test]
    public void EnterAsync_MoreThanRunAndWait_ThrowsForTheNext()
    {
        SearchGate gate = new(concurrent: 2, maxWaiting: 1);
        Task[] entered = [.. Enumerable.Range(0, 3).Select(_ => gate.EnterAsync(gate.Single, CancellationToken.None))];
        Assert.That(entered.Select(task => task.IsCompleted), Is.EqualTo(new[] { true, true, false }));
        ServiceException? full = Assert.Throws<ServiceException>(() => _ = gate.EnterAsync(gate.Single, CancellationToken.None));
        Assert.That(full!.Reason, Is.EqualTo(ErrorReason.SearchQueueFull));
        gate.Leave();
        Assert.That((entered[2].IsCompleted, gate.Waiting), Is.EqualTo((true, 0)));
    }

    [Test]
    public void EnterAsync_SingleBehindALongStream_IsNext()
    {
        SearchGate gate = new(concurrent: 1, maxWaiting: 1000);
        SearchLane[] streams = [gate.OpenLane(1), gate.OpenLane(1)];
        gate.EnterAsync(streams[0], CancellationToken.None);
        Task[] bulk = [.. Enumerable.Range(0, 500).Select(i => gate.EnterAsync(streams[i % 2], CancellationToken.None))];
        for (int i = 0; i < 10; i++) gate.Leave();
        Task single = gate.EnterAsync(gate.Single, CancellationToken.None);
        int before = bulk.Count(task => task.IsCompleted);
        while (!single.IsCompleted) gate.Leave();
        Assert.That(bulk.Count(task => task.IsCompleted) - before, Is.LessThanOrEqualTo(streams.Length), "one search of each stream at most goes before");
    }

    [Test]
    public void EnterAsync_Cancelled_LeavesAtOnceAndTheNextGetsTheTurn()
    {
        SearchGate gate = new(concurrent: 1, maxWaiting: 10);
        gate.EnterAsync(gate.Single, CancellationToken.None);
        using CancellationTokenSource cancel = new();
        Task first = gate.EnterAsync(gate.Single, cancel.Token), second = gate.EnterAsync(gate.Single, CancellationToken.None);
        cancel.Cancel();
        Assert.That((first.IsCanceled, gate.Waiting), Is.EqualTo((true, 1)));
        gate.Leave();
        Assert.That(second.IsCompletedSuccessfully, Is.True);
        gate.Leave();
        Assert.That(gate.EnterAsync(gate.Single, CancellationToken.None).IsCompleted, Is.True, "the turn came back");
    }

    [Test]
    public async Task EnterAsync_ManyThreadsAndCancels_NeverMoreThanAllowedAndNoTurnIsLost()
    {
        SearchGate gate = new(concurrent: 3, maxWaiting: 10_000);
        int running = 0, most = 0;
        SearchLane[] lanes = [gate.Single, gate.OpenLane(1), gate.OpenLane(1)];
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            using CancellationTokenSource cancel = new();
            if (i % 4 == 0) cancel.CancelAfter(i % 3);
            try
            {
                await gate.EnterAsync(lanes[i % lanes.Length], cancel.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            int now = Interlocked.Increment(ref running);
            lock (lanes) most = Math.Max(most, now);
            await Task.Yield();
            Interlocked.Decrement(ref running);
            gate.Leave();
        }))).Soon();
        Assert.That((most <= 3, gate.Waiting), Is.EqualTo((true, 0)));
        for (int i = 0; i < 3; i++) Assert.That(gate.EnterAsync(gate.Single, CancellationToken.None).IsCompleted, Is.True);
    }
}
