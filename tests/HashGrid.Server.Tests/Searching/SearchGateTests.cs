using HashGrid.Server.Errors;
using HashGrid.Server.Searching;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Searching;

public sealed class SearchGateTests
{
    private static CancellationToken Never => CancellationToken.None;

    [Test]
    public void TakePlace_MoreThanTheCallerMayHave_IsRefusedAndAnotherCallerIsNot()
    {
        SearchGate gate = new(concurrent: 1, maxQueued: 100, maxPerCaller: 3);
        SearchCaller busy = gate.OpenCaller(), other = gate.OpenCaller();
        for (int i = 0; i < 3; i++) gate.TakePlace(busy.Single);
        ServiceException? full = Assert.Throws<ServiceException>(() => gate.TakePlace(busy.Single));
        Assert.That((full!.Reason, full.Message), Is.EqualTo((ErrorReason.SearchQueueFull, "this caller has 3 searches in flight, and 3 are allowed; try again after the hint, or search on a stream, which waits by itself")));
        gate.TakePlace(other.Single);
        gate.ReturnPlace(busy.Single);
        gate.TakePlace(busy.Single);
        Assert.That(gate.InFlight, Is.EqualTo(4));
    }

    [Test]
    public void TakePlace_AllPlacesTaken_IsRefusedUntilOneIsFree()
    {
        SearchGate gate = new(concurrent: 2, maxQueued: 1, maxPerCaller: 100);
        SearchCaller first = gate.OpenCaller(), second = gate.OpenCaller();
        for (int i = 0; i < 3; i++) gate.TakePlace(first.Single);
        ServiceException? full = Assert.Throws<ServiceException>(() => gate.TakePlace(second.Single));
        Assert.That(full!.Message, Does.StartWith("3 searches are in flight, and 3 are allowed"));
        gate.ReturnPlace(first.Single);
        Assert.That(() => gate.TakePlace(second.Single), Throws.Nothing);
    }

    [Test]
    public void TakePlace_BesideAFloodOfStreams_IsNeverRefused()
    {
        SearchGate gate = new(concurrent: 1, maxQueued: 1024, maxPerCaller: 512);
        SearchCaller flooding = gate.OpenCaller(), quiet = gate.OpenCaller();
        List<Task> places = [];
        for (int stream = 0; stream < 17; stream++)
        {
            SearchLane lane = gate.OpenStream(flooding);
            for (int i = 0; i < 64; i++) places.Add(gate.TakePlaceAsync(lane, Never));
        }
        Assert.That(places.Count(place => place.IsCompleted), Is.EqualTo(448), "seven eighths of what a caller may have");
        for (int i = 0; i < 20; i++)
        {
            gate.TakePlace(quiet.Single);
            gate.TakePlace(flooding.Single);
        }
        Assert.That(gate.TakePlaceAsync(gate.OpenStream(quiet), Never).IsCompleted, Is.True, "another caller's stream has its own places");
    }

    [Test]
    public void TakePlace_StreamsOfManyCallersTakeAllTheyMay_ReachesTheRest()
    {
        SearchGate gate = new(concurrent: 1, maxQueued: 79, maxPerCaller: 64);
        SearchCaller[] callers = [gate.OpenCaller(), gate.OpenCaller()];
        int taken = callers.SelectMany(caller => Enumerable.Range(0, 64).Select(_ => gate.TakePlaceAsync(gate.OpenStream(caller), Never))).Count(place => place.IsCompleted);
        Assert.That(taken, Is.EqualTo(70));
        SearchCaller third = gate.OpenCaller();
        for (int i = 0; i < 10; i++) gate.TakePlace(third.Single);
        Assert.That(() => gate.TakePlace(third.Single), Throws.InstanceOf<ServiceException>());
    }

    [Test]
    public void EnterAsync_SingleBehindALongStream_IsNext()
    {
        SearchGate gate = new(concurrent: 1, maxQueued: 1000, maxPerCaller: 1000);
        SearchCaller caller = gate.OpenCaller();
        SearchLane[] streams = [gate.OpenStream(caller), gate.OpenStream(caller)];
        gate.EnterAsync(streams[0], Never);
        Task[] bulk = [.. Enumerable.Range(0, 500).Select(i => gate.EnterAsync(streams[i % 2], Never))];
        for (int i = 0; i < 10; i++) gate.Leave();
        Task single = gate.EnterAsync(caller.Single, Never);
        int before = bulk.Count(task => task.IsCompleted);
        while (!single.IsCompleted) gate.Leave();
        Assert.That(bulk.Count(task => task.IsCompleted) - before, Is.LessThanOrEqualTo(streams.Length), "one search of each stream at most goes before");
    }

    [Test]
    public void EnterAsync_BesideACallerOfManyStreams_WaitsForOneOfItsSearches()
    {
        SearchGate gate = new(concurrent: 1, maxQueued: 10_000, maxPerCaller: 10_000);
        SearchCaller flooding = gate.OpenCaller(), quiet = gate.OpenCaller();
        gate.EnterAsync(flooding.Single, Never);
        List<Task> flood = [];
        for (int stream = 0; stream < 100; stream++)
        {
            SearchLane lane = gate.OpenStream(flooding);
            for (int i = 0; i < 10; i++) flood.Add(gate.EnterAsync(lane, Never));
        }
        for (int i = 0; i < 50; i++) gate.Leave();
        SearchLane own = gate.OpenStream(quiet);
        Task[] asked = [.. Enumerable.Range(0, 20).Select(_ => gate.EnterAsync(own, Never))];
        int before = flood.Count(task => task.IsCompleted);
        while (!asked[^1].IsCompleted) gate.Leave();
        Assert.That(flood.Count(task => task.IsCompleted) - before, Is.LessThanOrEqualTo(asked.Length + 1), "callers take turns, however many streams they have");
    }

    [Test]
    public void EnterAsync_Cancelled_LeavesAtOnceAndTheNextGetsTheTurn()
    {
        SearchGate gate = new(concurrent: 1, maxQueued: 10, maxPerCaller: 10);
        SearchLane lane = gate.OpenCaller().Single;
        gate.EnterAsync(lane, Never);
        using CancellationTokenSource cancel = new();
        Task first = gate.EnterAsync(lane, cancel.Token), second = gate.EnterAsync(lane, Never);
        cancel.Cancel();
        Assert.That((first.IsCanceled, gate.Waiting), Is.EqualTo((true, 1)));
        gate.Leave();
        Assert.That(second.IsCompletedSuccessfully, Is.True);
        gate.Leave();
        Assert.That(gate.EnterAsync(lane, Never).IsCompleted, Is.True, "the turn came back");
    }

    [Test]
    public async Task EnterAsync_ManyThreadsAndCancels_NeverMoreThanAllowedAndNoTurnIsLost()
    {
        SearchGate gate = new(concurrent: 3, maxQueued: 10_000, maxPerCaller: 10_000);
        int running = 0, most = 0;
        SearchCaller one = gate.OpenCaller(), two = gate.OpenCaller();
        SearchLane[] lanes = [one.Single, gate.OpenStream(one), gate.OpenStream(two)];
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
        for (int i = 0; i < 3; i++) Assert.That(gate.EnterAsync(one.Single, Never).IsCompleted, Is.True);
    }
}
