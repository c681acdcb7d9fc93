using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Storage.Compacting;

namespace HashGrid.Server.Tests.Storage;

/// <summary>What the store decides about images whose content another id holds, and that it stays decided.</summary>
[Category("Durability")]
public sealed class DuplicateTests : StoreFixture
{
    [Test]
    public async Task Put_StoreMode_KeepsDigestsAndNothingElse()
    {
        await using (CodeStore store = await OpenAsync())
        {
            store.Put(Image(1, "a"), PutMode.Add, null);
            PutResult twin = store.Put(Image(2, "a"), PutMode.Add, new StreamPosition("s", 1));
            await DurableAsync(store, store.LastSequence);
            Assert.That((twin.Outcome, twin.DuplicateOf), Is.EqualTo((PutOutcome.Appended, (ulong?)null)));
            Assert.That((store.FindContent(Digest("a")), store.DigestUse), Is.EqualTo(((CodeRecord?)null, (0L, 0L))));
            Assert.That(store.TryGet(2, out CodeRecord? record) ? record.Digest : null, Is.EqualTo(Digest("a")));
        }
        // What was stored without looking is found by whoever looks later.
        await using CodeStore looking = await OpenAsync(DuplicateMode.Refuse);
        Assert.That(looking.FindContent(Digest("a"))?.Id, Is.EqualTo(1UL));
        Assert.That(looking.DigestUse.Images, Is.EqualTo(2));
    }

    [Test]
    public async Task Put_LinkMode_StoresUnderTheNewIdWithTheHoldersCodeAndItsOwnTexts()
    {
        await using (CodeStore store = await OpenAsync(DuplicateMode.Link))
        {
            store.Put(Image(1, "a"), PutMode.Add, null);
            PutResult twin = store.Put(new CodeRecord(2, [77], ["own"], "second.png", 0) { Digest = Digest("a") }, PutMode.Add, new StreamPosition("s", 1));
            Assert.That((twin.Outcome, twin.DuplicateOf), Is.EqualTo((PutOutcome.Appended, (ulong?)1)));
            await DurableAsync(store, twin.Sequence);
            AssertLinked(store);
        }
        await using CodeStore again = await OpenAsync(DuplicateMode.Link);
        AssertLinked(again);

        static void AssertLinked(CodeStore store)
        {
            Assert.That(store.TryGet(2, out CodeRecord? record), Is.True);
            Assert.That((record!.Code[0], record.Labels.Single(), record.Name, record.DuplicateOf), Is.EqualTo(((ulong)'a' << 32, "own", "second.png", (ulong?)1)));
            Assert.That(store.GetStream("s").Duplicates, Is.EqualTo(new[] { new Duplicate(1, 1) }));
        }
    }

    [TestCase(DuplicateMode.Link)]
    [TestCase(DuplicateMode.Refuse)]
    public async Task Put_TwinNotDurableYet_IsNotToldToItsStream(DuplicateMode mode)
    {
        var files = new FaultyFiles("segment");
        await using CodeStore store = await CodeStore.OpenAsync(
            Options(Sub("store")) with { Duplicates = mode, Files = files, CommitTimeout = Limit }, Model, CancellationToken.None).WaitAsync(Limit);
        store.Put(Image(1, "a"), PutMode.Add, null);
        await DurableAsync(store, store.LastSequence);
        files.SyncBegan.Reset();
        files.SyncMayReturn.Reset();
        PutResult twin = Put(store, 2, "a", position: 1);
        Assert.That(files.SyncBegan.Wait(Limit), Is.True);
        StreamState before = store.GetStream("s");
        Assert.That((before.Last, before.Duplicates.Count, before.Refusals.Count), Is.EqualTo((0UL, 0, 0)));
        files.SyncMayReturn.Set();
        await DurableAsync(store, twin.Sequence);
        StreamState after = store.GetStream("s");
        Assert.That((after.Last, after.Duplicates.Count + after.Refusals.Count), Is.EqualTo((1UL, 1)));
    }

    [Test]
    public async Task Put_RefuseMode_RefusalTakesThePositionAndIsToldAgainAfterAStart()
    {
        await using (CodeStore store = await OpenAsync(DuplicateMode.Refuse))
        {
            store.Put(Image(1, "a"), PutMode.Add, null);
            PutResult twin = Put(store, 2, "a", position: 1);
            Assert.That((twin.Outcome, twin.DuplicateOf, twin.Sequence), Is.EqualTo((PutOutcome.Duplicate, (ulong?)1, store.LastSequence)));
            Assert.That(Put(store, 3, "b", position: 2).Outcome, Is.EqualTo(PutOutcome.Appended));
            await DurableAsync(store, store.LastSequence);
        }
        await using CodeStore again = await OpenAsync(DuplicateMode.Refuse);
        StreamState stream = again.GetStream("s");
        Assert.That((stream.Last, again.Count), Is.EqualTo((2UL, 2L)));
        Assert.That(stream.Refusals.Select(refusal => (refusal.StreamSequence, refusal.Reason, refusal.DuplicateOf)), Is.EqualTo(new[] { (1UL, "CONTENT_DUPLICATE", (ulong?)1) }));
        // The client sends again what it saw no answer for: nothing is decided twice, even if the content is free by now.
        again.Remove(1, out _);
        Assert.That(Put(again, 2, "a", position: 1).Outcome, Is.EqualTo(PutOutcome.Repeated));
        Assert.That(again.TryGet(2, out _), Is.False);
    }

    [Test]
    public async Task Put_RefuseModeOutsideOfStreams_AppendsNothing()
    {
        await using CodeStore store = await OpenAsync(DuplicateMode.Refuse);
        long first = store.Put(Image(1, "a"), PutMode.Add, null).Sequence;
        PutResult twin = store.Put(Image(2, "a"), PutMode.Add, null);
        Assert.That((twin.Outcome, twin.Sequence, twin.DuplicateOf, store.LastSequence), Is.EqualTo((PutOutcome.Duplicate, first, (ulong?)1, first)));
    }

    [Test]
    public async Task Put_SameIdSameContent_IsNoDuplicate()
    {
        await using CodeStore store = await OpenAsync(DuplicateMode.Refuse);
        store.Put(Image(1, "a"), PutMode.Add, null);
        Assert.That(store.Put(Image(1, "a"), PutMode.Add, null).Outcome, Is.EqualTo(PutOutcome.Unchanged));
        Assert.That(store.Put(Image(1, "a"), PutMode.Upsert, null).Outcome, Is.EqualTo(PutOutcome.Unchanged));
        Assert.That(store.Put(Image(1, "a", "relabelled"), PutMode.Upsert, null).Outcome, Is.EqualTo(PutOutcome.Appended));
        // The same file is the same content, also where a network's rounding made another code of it.
        Assert.That(store.Put(new CodeRecord(1, [5], [], "", 0) { Digest = Digest("a") }, PutMode.Add, null).Outcome, Is.EqualTo(PutOutcome.Unchanged));
        Assert.That(store.Put(Image(1, "b"), PutMode.Add, null).Outcome, Is.EqualTo(PutOutcome.Conflict));
        Assert.That(store.Put(Image(2, "a"), PutMode.Add, null).DuplicateOf, Is.EqualTo(1UL));
    }

    [Test]
    public async Task Put_BareCode_HasNoDigestAndIsNoDuplicate()
    {
        await using CodeStore store = await OpenAsync(DuplicateMode.Refuse);
        store.Put(Image(1, "a"), PutMode.Add, null);
        Assert.That(store.Put(Record(2, (ulong)'a' << 32), PutMode.Add, null).Outcome, Is.EqualTo(PutOutcome.Appended));
        // The same code without its image says nothing against the image; another code does.
        Assert.That(store.Put(Record(1, (ulong)'a' << 32), PutMode.Upsert, null).Outcome, Is.EqualTo(PutOutcome.Unchanged));
        Assert.That(store.FindContent(Digest("a"))?.Id, Is.EqualTo(1UL));
        Assert.That(store.Put(Record(1, 9), PutMode.Upsert, null).Outcome, Is.EqualTo(PutOutcome.Appended));
        Assert.That(store.FindContent(Digest("a")), Is.Null);
        // An image that was stored before digests were gets its own by an upsert.
        Assert.That(store.Put(Image(2, "a"), PutMode.Upsert, null).Outcome, Is.EqualTo(PutOutcome.Appended));
        Assert.That(store.FindContent(Digest("a"))?.Id, Is.EqualTo(2UL));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task FindContent_HolderRemovedOrReplaced_IsTheNextOldestOrNobody(bool restart)
    {
        await using (CodeStore store = await OpenAsync())
        {
            foreach (ulong id in (ulong[])[1, 2, 3])
                store.Put(Image(id, "a"), PutMode.Add, null);
            await DurableAsync(store, store.LastSequence);
        }
        CodeStore looking = await OpenAsync(DuplicateMode.Link);
        try
        {
            looking.Put(Image(2, "a", "a newer record"), PutMode.Upsert, null);
            Assert.That(await HolderAsync(), Is.EqualTo(1UL));
            looking.Remove(1, out _);
            Assert.That(await HolderAsync(), Is.EqualTo(3UL), "its record is older than the one of id 2 is now");
            looking.Put(Image(3, "b"), PutMode.Upsert, null);
            Assert.That(await HolderAsync(), Is.EqualTo(2UL));
            looking.Put(Record(2, 1), PutMode.Upsert, null);
            Assert.That(await HolderAsync(), Is.Null);
            Assert.That(looking.Put(Image(4, "a"), PutMode.Add, null).DuplicateOf, Is.Null);
            Assert.That(await HolderAsync(), Is.EqualTo(4UL));
            looking.Put(Image(1, "a"), PutMode.Add, null);
            Assert.That(await HolderAsync(), Is.EqualTo(4UL), "id 1 is younger now");
        }
        finally
        {
            await looking.DisposeAsync();
        }

        async Task<ulong?> HolderAsync()
        {
            if (restart)
            {
                await looking.DisposeAsync();
                looking = await OpenAsync(DuplicateMode.Link);
            }
            return looking.FindContent(Digest("a"))?.Id;
        }
    }

    [Test]
    public async Task Put_TwinsFromManyThreads_OneHoldsTheContentAndTheJournalSaysWhich()
    {
        const int contents = 40, twins = 8;
        await using (CodeStore store = await OpenAsync(DuplicateMode.Refuse))
        {
            await Task.WhenAll(Enumerable.Range(0, twins).Select(twin => Task.Run(() =>
            {
                for (int content = 0; content < contents; content++)
                    Put(store, (ulong)(content * 100 + twin), $"{content}", position: (ulong)content + 1, stream: $"s{twin}");
            }))).WaitAsync(Limit);
            await DurableAsync(store, store.LastSequence);
            Assert.That(store.Count, Is.EqualTo(contents));
        }
        using StoreReader reader = StoreReader.Open(Sub("store"));
        Dictionary<ulong, ulong> holders = [];
        int refused = 0;
        foreach (JournalEntry entry in reader.Walk(CancellationToken.None).OfType<JournalEntry>())
        {
            if (entry.Kind == JournalRecordKind.Put)
                holders.Add(entry.Id / 100, entry.Id);
            if (entry.Refusal is { } refusal && ++refused > 0)
                Assert.That(refusal.DuplicateOf, Is.EqualTo(holders[entry.Position - 1]), "the holder comes first");
        }
        Assert.That((holders.Count, refused), Is.EqualTo((contents, contents * (twins - 1))));
    }

    [Test]
    public async Task CompactAndBackUp_StoreWithDigests_CarryThem()
    {
        await using (CodeStore store = await OpenAsync(DuplicateMode.Link))
        {
            store.Put(Image(1, "a"), PutMode.Add, null);
            store.Put(Image(2, "a"), PutMode.Add, new StreamPosition("s", 1));
            store.Put(Image(3, "c"), PutMode.Add, null);
            store.Remove(3, out long removed);
            await DurableAsync(store, removed);
        }
        CompactionReport report = await StoreCompaction.RunAsync(Options(Sub("store")), CancellationToken.None).WaitAsync(Limit);
        Assert.That(report.RecordsAfter, Is.EqualTo(report.RecordsBefore - 2));
        await StoreBackup.RunAsync(Sub("store"), Options(Sub("backup")), null, CancellationToken.None).WaitAsync(Limit);
        foreach (string name in (string[])["store", "backup"])
        {
            await using CodeStore again = await CodeStore.OpenAsync(Options(Sub(name)) with { Duplicates = DuplicateMode.Link }, Model, CancellationToken.None).WaitAsync(Limit);
            Assert.That((again.FindContent(Digest("a"))?.Id, again.FindContent(Digest("c"))?.Id, again.DigestUse.Images), Is.EqualTo(((ulong?)1, (ulong?)null, 2L)));
            Assert.That(again.GetStream("s").Duplicates, Is.EqualTo(new[] { new Duplicate(1, 1) }));
            Assert.That(StoreCheck.Run(Sub(name), CancellationToken.None).Digests, Is.EqualTo(2));
        }
    }

    private static PutResult Put(CodeStore store, ulong id, string content, ulong position, string stream = "s") =>
        store.Put(Image(id, content), PutMode.Add, new StreamPosition(stream, position), new Refusal(0, 6, "CONTENT_DUPLICATE", "another id holds it"));

    private Task<CodeStore> OpenAsync(DuplicateMode mode) =>
        CodeStore.OpenAsync(Options(Sub("store")) with { Duplicates = mode }, Model, CancellationToken.None).WaitAsync(Limit);
}
