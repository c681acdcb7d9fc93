using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage;

/// <summary>Devices that fail: nothing in doubt is acknowledged, what was acknowledged stays.</summary>
public sealed class CodeStoreFaultTests : StoreFixture
{
    [TestCase("segment", "write")]
    [TestCase("segment", "sync")]
    [TestCase("commits", "write")]
    public async Task WaitDurable_DeviceFailsOnceThenWorks_StopsTheStoreAndKeepsWhatWasAcknowledged(string file, string operation)
    {
        var files = new FaultyFiles(file);
        CodeStore store = await OpenOnAsync(files);
        await DurableAsync(store, store.Put(Record(1, 1), PutMode.Add, null).Sequence);

        var broken = new IOException("Input/output error", 5);
        if (operation == "write")
            files.FailWrites(broken);
        else
            files.FailSyncs(broken);
        PutResult inDoubt = store.Put(Record(2, 2), PutMode.Add, null);
        CodeStoreException refused = await RefusalAsync(() => DurableAsync(store, inDoubt.Sequence));
        files.Heal();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Message, Does.Contain("Input/output error").And.Contain("restart to recover"));
            Assert.That(store.State, Is.EqualTo(StoreState.ReadOnly));
            Assert.That(() => store.Put(Record(3, 3), PutMode.Add, null), Throws.TypeOf<CodeStoreException>().With.Property("Reason").EqualTo(CodeStoreProblem.ReadOnly));
            Assert.That(() => store.Remove(1, out _), Throws.TypeOf<CodeStoreException>());
            Assert.That(store.TryGet(1, out _), Is.True);
            Assert.That(store.TryGet(2, out _), Is.False);
        }
        await store.DisposeAsync().AsTask().WaitAsync(Limit);

        await using CodeStore reopened = await OpenAsync();
        Assert.That(reopened.TryGet(1, out _), Is.True);
        Assert.That(reopened.TryGet(3, out _), Is.False);
        await DurableAsync(reopened, reopened.Put(Record(4, 4), PutMode.Add, null).Sequence);
    }

    [Test]
    public async Task WaitDurable_DeviceHangs_StopsTheStoreWithoutAnAcknowledgement()
    {
        var files = new FaultyFiles("segment");
        CodeStore store = await OpenOnAsync(files, TimeSpan.FromMilliseconds(200));
        files.SyncMayReturn.Reset();
        PutResult inDoubt = store.Put(Record(1, 1), PutMode.Add, null);
        CodeStoreException refused = await RefusalAsync(() => DurableAsync(store, inDoubt.Sequence));
        files.SyncMayReturn.Set();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Reason, Is.EqualTo(CodeStoreProblem.Stalled));
            Assert.That(store.State, Is.EqualTo(StoreState.ReadOnly));
            Assert.That(store.DurableSequence, Is.LessThan(inDoubt.Sequence));
        }
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
    }

    [TestCase("", "within 2 s")]   // a commit and a note hang, and either may have begun first
    [TestCase("superblock", "the superblock was not written")]
    public async Task WaitDurable_WholeDiskHangs_StopsTheStoreAllTheSame(string file, string words)
    {
        // While commits come, progress is noted in the superblock: what watches over the disk must not wait for it there.
        var files = new FaultyFiles(file);
        CodeStore store = await OpenOnAsync(files, TimeSpan.FromSeconds(2), superblockInterval: TimeSpan.FromMilliseconds(1));
        for (ulong id = 0; id < 20; id++)
            await DurableAsync(store, store.Put(Record(id, id), PutMode.Add, null).Sequence);
        files.SyncMayReturn.Reset();
        files.SyncBegan.Reset();
        CodeStoreException refused = await RefusalAsync(async () =>
        {
            for (ulong id = 100; ; id++)
                await DurableAsync(store, store.Put(Record(id, id), PutMode.Add, null).Sequence);
        });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(files.SyncBegan.IsSet, Is.True);
            Assert.That(store.Fault?.Reason, Is.EqualTo(CodeStoreProblem.Stalled));
            Assert.That(refused.Message, Does.Contain(words));
            Assert.That(() => store.Put(Record(3000, 3), PutMode.Add, null), Throws.TypeOf<CodeStoreException>());
            Assert.That(store.TryGet(1, out _), Is.True);
        }
        // Nobody waits for a disk that hangs, and nobody else owns the folder while a write may still land in it.
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
        Assert.That((await RefusalAsync(() => OpenAsync())).Reason, Is.EqualTo(CodeStoreProblem.InUse));
        files.SyncMayReturn.Set();
    }

    [Test]
    public async Task Remove_RemovedAMomentAgo_NamesTheSequenceThatMustBeDurableFirst()
    {
        var files = new FaultyFiles("segment");
        CodeStore store = await OpenOnAsync(files);
        await DurableAsync(store, store.Put(Record(1, 1), PutMode.Add, null).Sequence);
        files.SyncMayReturn.Reset();
        Assert.That(store.Remove(1, out long first), Is.True);
        Assert.That(store.Remove(1, out long second), Is.False);
        bool durable = store.WaitDurableAsync(second, CancellationToken.None).IsCompleted;
        files.SyncMayReturn.Set();
        Assert.That((second, durable), Is.EqualTo((first, false)));
        await DurableAsync(store, second);
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
    }

    [Test]
    public async Task Put_RecordThatDoesNotFitAPage_IsRefusedAloneAndTheStoreGoesOn()
    {
        await using CodeStore store = await CodeStore.OpenAsync(
            Options(Sub("store")) with { PageBytes = 64 << 10 }, Model, CancellationToken.None).WaitAsync(Limit);
        var large = new CodeRecord(1, [1], [], new string('n', 70_000), 0);
        Assert.That(() => store.Put(large, PutMode.Add, null), Throws.ArgumentException);
        Assert.That(store.State, Is.EqualTo(StoreState.Open));
        await DurableAsync(store, store.Put(Record(2, 2), PutMode.Add, null).Sequence);
    }

    [Test]
    public async Task Put_StoreClosesInTheMiddle_IsToldSo()
    {
        // The put has passed its first check and asks for the free space while the store closes.
        var files = new FaultyFiles("none");
        CodeStore store = await OpenOnAsync(files);
        using var asked = new ManualResetEventSlim();
        using var closed = new ManualResetEventSlim();
        files.OnFreeBytes = () =>
        {
            asked.Set();
            closed.Wait(Limit);
        };
        Task put = Task.Run(async () => await store.WaitDurableAsync(store.Put(Record(1, 1), PutMode.Add, null).Sequence, CancellationToken.None));
        Assert.That(asked.Wait(Limit), Is.True);
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
        closed.Set();

        CodeStoreException refused = await RefusalAsync(() => put.WaitAsync(Limit));
        Assert.That(refused.Reason, Is.EqualTo(CodeStoreProblem.Closed));
        await using CodeStore reopened = await OpenAsync();
        Assert.That(reopened.TryGet(1, out _), Is.False);
    }

    private Task<CodeStore> OpenOnAsync(FaultyFiles files, TimeSpan? commitTimeout = null, TimeSpan? superblockInterval = null) => CodeStore.OpenAsync(
        Options(Sub("store")) with { Files = files, CommitTimeout = commitTimeout ?? TimeSpan.FromSeconds(10), SuperblockInterval = superblockInterval ?? TimeSpan.FromHours(1) },
        Model,
        CancellationToken.None).WaitAsync(Limit);
}
