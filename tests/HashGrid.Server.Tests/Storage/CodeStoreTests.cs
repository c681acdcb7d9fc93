using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Storage;

public sealed class CodeStoreTests : StoreFixture
{
    [Test]
    public async Task Put_Durable_IsFoundAfterReopen()
    {
        CodeStore store = await OpenAsync();
        Guid id = store.StoreId;
        PutResult put = store.Put(Record(7, 0xABCD, "Effusion", "Mass"), PutMode.Add, null);
        await DurableAsync(store, put.Sequence);
        Assert.That(store.TryGet(7, out CodeRecord? before), Is.True);
        await store.DisposeAsync();

        await using CodeStore again = await OpenAsync();
        Assert.That(again.StoreId, Is.EqualTo(id));
        Assert.That(again.Count, Is.EqualTo(1));
        Assert.That(again.TryGet(7, out CodeRecord? record), Is.True);
        Assert.That(record!.SameContent(before!), Is.True);
        Assert.That(record.Sequence, Is.EqualTo(put.Sequence));
    }

    [Test]
    public async Task Put_SameIdOtherCode_ConflictsUnlessUpsert()
    {
        await using CodeStore store = await OpenAsync();
        store.Put(Record(1, 10), PutMode.Add, null);
        Assert.That(store.Put(Record(1, 11), PutMode.Add, null).Outcome, Is.EqualTo(PutOutcome.Conflict));
        Assert.That(store.Put(Record(1, 10), PutMode.Add, null).Outcome, Is.EqualTo(PutOutcome.Unchanged));
        PutResult replaced = store.Put(Record(1, 11), PutMode.Upsert, null);
        Assert.That(replaced.Outcome, Is.EqualTo(PutOutcome.Appended));
        await DurableAsync(store, replaced.Sequence);
        Assert.That(store.TryGet(1, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(11UL));
    }

    [Test]
    public async Task Count_AfterEachAcknowledgement_CoversIt()
    {
        await using CodeStore store = await OpenAsync();
        for (int stored = 1; stored <= 20_000; stored++)
        {
            PutResult put = store.Put(Record((ulong)stored, 1), PutMode.Add, null);
            if (stored % 2000 != 0)
                continue;
            await DurableAsync(store, put.Sequence);
            Assert.That(store.Count, Is.EqualTo(stored));
        }
    }

    [Test]
    public async Task Remove_KnownAndUnknownId_TakesEffectOnce()
    {
        CodeStore store = await OpenAsync();
        store.Put(Record(1, 10), PutMode.Add, null);
        Assert.That(store.Remove(1, out long sequence), Is.True);
        Assert.That(store.Remove(1, out _), Is.False);
        await DurableAsync(store, sequence);
        Assert.That(store.TryGet(1, out _), Is.False);
        await store.DisposeAsync();

        await using CodeStore again = await OpenAsync();
        Assert.That(again.TryGet(1, out _), Is.False);
        Assert.That(again.Count, Is.Zero);
    }

    [Test]
    public async Task Put_StreamPositionTwice_IsRepeatedAlsoAfterReopen()
    {
        CodeStore store = await OpenAsync();
        store.Put(Record(1, 10), PutMode.Add, new StreamPosition("s", 1));
        // The same content again: only the position is new.
        PutResult unchanged = store.Put(Record(1, 10), PutMode.Add, new StreamPosition("s", 2));
        Assert.That(unchanged.Outcome, Is.EqualTo(PutOutcome.Unchanged));
        await DurableAsync(store, unchanged.Sequence);
        Assert.That(store.GetStream("s").Last, Is.EqualTo(2UL));
        await store.DisposeAsync();

        await using CodeStore again = await OpenAsync();
        Assert.That(again.GetStream("s").Last, Is.EqualTo(2UL));
        Assert.That(again.Put(Record(1, 99), PutMode.Upsert, new StreamPosition("s", 2)).Outcome, Is.EqualTo(PutOutcome.Repeated));
        Assert.That(again.Put(Record(2, 99), PutMode.Add, new StreamPosition("s", 3)).Outcome, Is.EqualTo(PutOutcome.Appended));
        Assert.That(again.GetStream("unseen").Last, Is.Zero);
    }

    [Test]
    public async Task Refuse_SurvivesReopen()
    {
        CodeStore store = await OpenAsync();
        store.Put(Record(1, 10), PutMode.Add, new StreamPosition("s", 1));
        long sequence = store.Refuse(new StreamPosition("s", 2), new Refusal(2, 3, "NOT_AN_IMAGE", "no image"));
        await DurableAsync(store, sequence);
        await store.DisposeAsync();

        await using CodeStore again = await OpenAsync();
        StreamState state = again.GetStream("s");
        Assert.That(state.Last, Is.EqualTo(2UL));
        Assert.That(state.Refusals, Is.EqualTo(new[] { new Refusal(2, 3, "NOT_AN_IMAGE", "no image") }));
    }

    [Test]
    public async Task Put_FromManyThreads_EveryAcknowledgedRecordIsInACopyTakenAtOnce()
    {
        await using CodeStore store = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (int i = 0; i < 250; i++)
            {
                ulong id = (ulong)(worker * 1000 + i);
                PutResult put = store.Put(Record(id, id * 3), PutMode.Add, new StreamPosition($"stream-{worker}", (ulong)i + 1));
                await store.WaitDurableAsync(put.Sequence, CancellationToken.None);
            }
        }))).WaitAsync(TimeSpan.FromSeconds(60));

        await using CodeStore crashed = await CodeStore.OpenAsync(Options(CopyOf("store")), Model, CancellationToken.None);
        Assert.That(crashed.Count, Is.EqualTo(2000));
        for (int worker = 0; worker < 8; worker++)
        {
            Assert.That(crashed.GetStream($"stream-{worker}").Last, Is.EqualTo(250UL));
            for (int i = 0; i < 250; i++)
                Assert.That(crashed.TryGet((ulong)(worker * 1000 + i), out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo((ulong)(worker * 1000 + i) * 3));
        }
    }

    [Test]
    public async Task TryGet_MoreRecordsThanTableMemory_ReadsThemFromDisk()
    {
        await using CodeStore store = await OpenAsync();
        string name = new('n', 200);
        long last = 0;
        for (ulong id = 0; id < 20_000; id++)
            last = store.Put(new CodeRecord(id, [id], ["Cardiomegaly"], name, 0), PutMode.Add, null).Sequence;
        await DurableAsync(store, last);
        for (ulong id = 0; id < 20_000; id += 97)
        {
            Assert.That(store.TryGet(id, out CodeRecord? record), Is.True, $"id {id}");
            Assert.That(record!.Code[0], Is.EqualTo(id));
        }
    }

    [Test]
    public async Task ReadAsync_FromTheMiddle_GivesEveryLaterRecordOnceAndFollows()
    {
        await using CodeStore store = await OpenAsync();
        long first = 0;
        for (ulong id = 1; id <= 10; id++)
            first = store.Put(Record(id, id), PutMode.Add, null).Sequence;
        using var stop = new CancellationTokenSource(Limit);
        List<JournalRecord> seen = [];
        await foreach (JournalRecord record in store.ReadAsync(first - 4, stop.Token))
        {
            seen.Add(record);
            if (seen.Count == 5)
                store.Remove(3, out _);
            if (seen.Count == 6)
                break;
        }
        Assert.That(seen.Select(r => r.Id), Is.EqualTo(new ulong[] { 6, 7, 8, 9, 10, 3 }));
        Assert.That(seen[^1].Kind, Is.EqualTo(JournalRecordKind.Remove));
        Assert.That(seen.Select(r => r.Sequence), Is.EqualTo(Enumerable.Range(0, 6).Select(i => first - 4 + i)));
    }

    [Test]
    public async Task ReadAsync_AfterReopen_StartsAtAnySequence([Values(1, 4095, 4096, 4097, 4098, 8193, 9000, 9001)] long from)
    {
        await using (CodeStore store = await OpenAsync())
        {
            for (ulong id = 2; id <= 9000; id++) // sequence 1 is the identity
                store.Put(Record(id, id), PutMode.Add, null);
            await DurableAsync(store, store.LastSequence);
        }
        await using CodeStore again = await OpenAsync();
        again.Put(Record(9001, 1), PutMode.Add, null);
        using var stop = new CancellationTokenSource(Limit);
        await foreach (JournalRecord record in again.ReadAsync(from, stop.Token))
        {
            Assert.That(record.Sequence, Is.EqualTo(from));
            Assert.That(record.Id, Is.EqualTo(from == 1 ? 0UL : (ulong)from));
            break;
        }
    }

    [Test]
    public async Task Put_WrongWordCount_SaysBothCounts()
    {
        await using CodeStore store = await OpenAsync();
        ArgumentException e = Assert.Throws<ArgumentException>(() => store.Put(new CodeRecord(1, [1, 2], [], "", 0), PutMode.Add, null))!;
        Assert.That(e.Message, Does.Contain("2 words").And.Contain("needs 1"));
    }

    [Test]
    public async Task Put_AfterDispose_IsClosed()
    {
        CodeStore store = await OpenAsync();
        await store.DisposeAsync();
        Assert.That(() => store.Put(Record(1, 1), PutMode.Add, null), Throws.TypeOf<CodeStoreException>().With.Property("Reason").EqualTo(CodeStoreProblem.Closed));
        Assert.That(store.State, Is.EqualTo(StoreState.Closed));
    }

    [Test]
    public async Task Put_RoomAgainOnANearlyFullDisk_IsTakenWithoutARestart()
    {
        var files = new FaultyFiles("none") { Free = 1000 };
        var clock = new FakeClock();
        await using CodeStore store = await CodeStore.OpenAsync(Options(Sub("store")) with { Files = files, MinFreeBytes = 2000, Time = clock }, Model, CancellationToken.None).WaitAsync(Limit);
        Assert.That(() => store.Put(Record(1, 1), PutMode.Add, null), Throws.TypeOf<CodeStoreException>().With.Property("Reason").EqualTo(CodeStoreProblem.DiskFull));
        files.Free = 3000;
        clock.Advance(TimeSpan.FromSeconds(1));
        await DurableAsync(store, store.Put(Record(1, 1), PutMode.Add, null).Sequence);
    }

    [Test]
    public async Task Put_DiskNearlyFull_IsRefusedWhileRemoveAndReadsGoOn()
    {
        CodeStore store = await OpenAsync();
        store.Put(Record(1, 10), PutMode.Add, null);
        store.Put(Record(2, 20), PutMode.Add, null);
        await store.DisposeAsync();

        CodeStoreOptions full = Options(Sub("store")) with { MinFreeBytes = long.MaxValue };
        await using CodeStore again = await CodeStore.OpenAsync(full, Model, CancellationToken.None);
        Assert.That(() => again.Put(Record(3, 30), PutMode.Add, null), Throws.TypeOf<CodeStoreException>().With.Property("Reason").EqualTo(CodeStoreProblem.DiskFull));
        Assert.That(again.Remove(1, out long sequence), Is.True);
        await DurableAsync(again, sequence);
        Assert.That(again.TryGet(1, out _), Is.False);
        Assert.That(again.TryGet(2, out _), Is.True);
        Assert.That(again.State, Is.EqualTo(StoreState.Open));
    }
}
