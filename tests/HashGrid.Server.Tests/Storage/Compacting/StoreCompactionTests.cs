using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Storage.Compacting;
using HashGrid.Server.Storage.Files;
using HashGrid.Server.Tests.Storage.Checking;
using HashGrid.Server.Tests.Storage.Crash;

namespace HashGrid.Server.Tests.Storage.Compacting;

[Category("Durability")]
public sealed class StoreCompactionTests : StoreFixture
{
    [Test]
    public async Task RunAsync_RemovedAndReplacedCodes_KeepsWhatCountsAndTheLastSequence()
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        long last = StoreCheck.Run(Sub("store"), CancellationToken.None).LastSequence;
        CompactionReport report = await CompactAsync();
        // Gone: the put and the remove of id 3, the first put of id 2, the position that repeated it.
        Assert.That((report.RecordsBefore, report.RecordsAfter), Is.EqualTo((last, last - 4)));
        Assert.That(report.BytesAfter, Is.LessThan(report.BytesBefore));
        StoreCheckReport check = StoreCheck.Run(Sub("store"), CancellationToken.None);
        Assert.That((check.Findings, check.Records, check.LastSequence), Is.EqualTo((Array.Empty<StoreFinding>(), report.RecordsAfter, last)));
        Assert.That(Directory.Exists(Path.Combine(Sub("store"), "journal")), Is.False);

        await using (CodeStore store = await OpenAsync())
        {
            SmallStore.AssertWhole(store);
            Assert.That(store.LastSequence, Is.EqualTo(last));
            Assert.That(store.Put(Record(50, 5), PutMode.Add, new StreamPosition(SmallStore.Stream, SmallStore.StreamLast)).Outcome, Is.EqualTo(PutOutcome.Repeated));
            store.Remove(6, out long removed);
            Assert.That(removed, Is.EqualTo(last + 1));
            await DurableAsync(store, removed);
        }
        Assert.That((await CompactAsync()).RecordsAfter, Is.EqualTo(report.RecordsAfter - 1));
        CompactionReport nothing = await CompactAsync();
        Assert.That(nothing.RecordsAfter, Is.EqualTo(nothing.RecordsBefore));
        await using CodeStore again = await OpenAsync();
        Assert.That((again.LastSequence, again.Count), Is.EqualTo((last + 1, SmallStore.Codes.Count - 1L)));
    }

    [Test]
    public async Task RunAsync_LastCodeOfAStreamRemoved_StreamStillKnowsItsPosition()
    {
        await using (CodeStore store = await OpenAsync())
        {
            for (ulong position = 1; position <= 3; position++)
                store.Put(Record(position, position), PutMode.Add, new StreamPosition("s", position));
            store.Remove(3, out long removed);
            await DurableAsync(store, removed);
        }
        await CompactAsync();
        await using CodeStore again = await OpenAsync();
        Assert.That((again.Count, again.GetStream("s").Last), Is.EqualTo((2L, 3UL)));
    }

    [Test]
    public async Task RunAsync_ManyPagesAndSegments_KeepsEveryRecord()
    {
        CodeStoreOptions options = Options(Sub("store")) with { PageBytes = 64 << 10, SegmentBytes = 128 << 10 };
        await using (CodeStore store = await CodeStore.OpenAsync(options, Model, CancellationToken.None).WaitAsync(Limit))
        {
            for (int i = 0; i < 9000; i++)
                store.Put(new CodeRecord((ulong)(i % 3000), [(ulong)i], ["Mass"], new string('x', i % 97), 0), PutMode.Upsert, null);
            await DurableAsync(store, store.LastSequence);
        }
        CompactionReport report = await CompactAsync();
        Assert.That((report.RecordsBefore, report.RecordsAfter), Is.EqualTo((9001L, 3001L)));
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings, Is.Empty);
        await using CodeStore again = await CodeStore.OpenAsync(options, Model, CancellationToken.None).WaitAsync(Limit);
        Assert.That(again.Count, Is.EqualTo(3000));
        for (int id = 0; id < 3000; id++)
        {
            Assert.That(again.TryGet((ulong)id, out CodeRecord? record), Is.True);
            Assert.That((record!.Code[0], record.Name.Length), Is.EqualTo(((ulong)(6000 + id), (6000 + id) % 97)));
        }
        // The log goes on in the half-filled page, through the end of a segment.
        for (int i = 0; i < 3000; i++)
            again.Put(Record((ulong)(10_000 + i), (ulong)i), PutMode.Add, null);
        await DurableAsync(again, again.LastSequence);
        Assert.That(again.TryGet(12_999, out _), Is.True);
    }

    [Test]
    public async Task RunAsync_IndexSnapshotFromBefore_BringsNoRemovedIdBack()
    {
        await using (CodeStore store = await OpenAsync())
        {
            store.Put(Record(1, 1), PutMode.Add, null);
            store.Put(Record(2, 2), PutMode.Add, null);
            await using (IndexHost host = Start(store))
            {
                await host.WaitAppliedAsync(store.LastSequence, CancellationToken.None).AsTask().WaitAsync(Limit);
                await host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit);
            }
            store.Remove(1, out long removed);
            await DurableAsync(store, removed);
        }
        await CompactAsync();
        await using CodeStore again = await OpenAsync();
        await using IndexHost index = Start(again);
        await index.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
        var found = new Neighbor[4];
        Assert.That(found[..index.Index.NearestSearch([0], found).Count].Select(neighbor => neighbor.Id), Is.EqualTo(new[] { 2UL }));
    }

    [Test]
    public async Task RunAsync_SuperblockLostAfterwards_SalvageStillFindsEverything()
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        await CompactAsync();
        File.Delete(Path.Combine(Sub("store"), "superblock"));
        Assert.That((await RefusalAsync(() => OpenAsync())).Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        SalvageReport report = await StoreSalvage.RunAsync(Sub("store"), Options(Sub("copy")), CancellationToken.None).WaitAsync(Limit);
        Assert.That(report.Lost, Is.Zero);
        await using CodeStore copy = await OpenAsync("copy");
        SmallStore.AssertWhole(copy);
    }

    [Test]
    public async Task RunAsync_NoStoreOrInUseOrCancelled_ChangesNothing()
    {
        Assert.That((await RefusalAsync(CompactAsync)).Reason, Is.EqualTo(CodeStoreProblem.NotFound));
        Assert.That(Directory.Exists(Sub("store")), Is.False);
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        await using (await OpenAsync())
            Assert.That((await RefusalAsync(CompactAsync)).Reason, Is.EqualTo(CodeStoreProblem.InUse));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => StoreCompaction.RunAsync(Options(Sub("store")), cancelled.Token).WaitAsync(Limit));
        await using CodeStore store = await OpenAsync();
        SmallStore.AssertWhole(store);
    }

    [TestCase("segment")]
    [TestCase("commits.1")]
    public async Task RunAsync_DiskFullUnderTheNewJournal_LeavesTheStoreAsItWas(string file)
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        var files = new FaultyFiles(file);
        files.FailWrites(new IOException("no space left", 28));
        await Assert.ThrowsAsync<IOException>(() => StoreCompaction.RunAsync(Options(Sub("store")) with { Files = files }, CancellationToken.None).WaitAsync(Limit));
        Assert.That(Directory.Exists(Path.Combine(Sub("store"), "journal.1")), Is.False);
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings, Is.Empty);
        await using CodeStore store = await OpenAsync();
        SmallStore.AssertWhole(store);
    }

    [Test]
    public async Task RunAsync_ChangeOverFails_SaysWhichStoreIsThere()
    {
        int either = 0, compacted = 0;
        for (int n = 1; ; n++)
        {
            string name = $"store-{n}";
            await SmallStore.WriteAsync(Options(Sub(name)), Model).WaitAsync(Limit);
            var files = new FaultyFiles("superblock");
            files.FailChange(n, forGood: true, new IOException("Input/output error", 5));
            string? failed = null;
            try
            {
                await StoreCompaction.RunAsync(Options(Sub(name)) with { Files = files }, CancellationToken.None).WaitAsync(Limit);
            }
            catch (Exception e) when (e is IOException or CodeStoreException)
            {
                failed = e.Message;
            }
            if (files.Changes < n)
                break;
            Assert.That(failed, Does.Contain("Input/output error"), $"change {n}");
            await using CodeStore store = await OpenAsync(name);
            SmallStore.AssertWhole(store, $"change {n}");
            string journal = Path.GetFileName(Directory.GetDirectories(Sub(name), "journal*").Single());
            if (!failed!.Contains("at the change-over", StringComparison.Ordinal))
            {
                Assert.That(journal, Is.EqualTo("journal"), $"change {n}");
                continue;
            }
            Assert.That(failed, Does.Contain("the store is whole").And.Contain("compacted"), $"change {n}");
            if (failed.Contains("either as it was or compacted", StringComparison.Ordinal))
            {
                either++;
            }
            else
            {
                compacted++;
                Assert.That(journal, Is.EqualTo("journal.1"), $"change {n}");
            }
        }
        // Two slots, and for each a write and a sync.
        Assert.That((either, compacted), Is.EqualTo((2, 2)));
    }

    [Test]
    public async Task RunAsync_PowerCutAtAnyMoment_StoreIsWhole()
    {
        int before = 0, after = 0;
        for (int seed = 1; seed <= 3; seed++)
        {
            var first = new CrashDisk(new Dictionary<string, byte[]>());
            var history = new CrashHistory();
            await using (CodeStore store = await OpenOnAsync(first.Open()))
                await history.RunAsync(store, first, seed, groups: 8);
            var disk = new CrashDisk(first.Content());
            await StoreCompaction.RunAsync(OptionsOn(disk.Open()), CancellationToken.None).WaitAsync(Limit);
            foreach ((Dictionary<string, byte[]> state, _, string name) in CrashStates.Enumerate(disk, seed).Take(60))
            {
                if (state.Keys.Any(path => path.Contains("journal.1", StringComparison.Ordinal)))
                    after++;
                else
                    before++;
                var crashed = new CrashDisk(state);
                await using (CodeStore store = await OpenOnAsync(crashed.Open()))
                {
                    history.AssertState(store, history.Last, name, compacted: true);
                    await DurableAsync(store, store.Put(Record(1000, 7), PutMode.Add, null).Sequence);
                }
                // What is left of the other journal is gone after one start, and a compaction runs to its end.
                await StoreCompaction.RunAsync(OptionsOn(crashed.Open()), CancellationToken.None).WaitAsync(Limit);
                await using CodeStore again = await OpenOnAsync(crashed.Open());
                Assert.That(again.TryGet(1000, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(7UL), name);
                Assert.That(again.LastSequence, Is.EqualTo(history.Last + 1), name);
            }
        }
        Assert.That(before, Is.GreaterThan(0));
        Assert.That(after, Is.GreaterThan(before));
    }

    private Task<CompactionReport> CompactAsync() => StoreCompaction.RunAsync(Options(Sub("store")), CancellationToken.None).WaitAsync(Limit);

    private IndexHost Start(CodeStore store) =>
        IndexHost.Start(store, new IndexHostOptions { Directory = Path.Combine(Sub("store"), "index"), Width = new CodeWidth(64) });

    private Task<CodeStore> OpenOnAsync(IStorageFiles files) => CodeStore.OpenAsync(OptionsOn(files), Model, CancellationToken.None).WaitAsync(Limit);

    private CodeStoreOptions OptionsOn(IStorageFiles files) =>
        Options(Sub("store")) with { Files = files, PageBytes = 64 << 10, SegmentBytes = 64 << 10, TableBuckets = 512, Duplicates = DuplicateMode.Link };
}
