using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage.Crash;

/// <summary>
/// Power cuts at every moment, with everything that a disk may then hold: what was acknowledged is there, nothing else appears, and
/// a second crash on top changes nothing.
/// </summary>
/// <remarks>
/// More states: <c>dotnet test tests/HashGrid.Server.Tests --filter FullyQualifiedName~TenThousand</c>.
/// </remarks>
[Category("Durability")]
public sealed class CrashTests : StoreFixture
{
    private int _checked;

    [Test]
    public Task Open_AfterCrash_HoldsAPrefixThatCoversEveryAcknowledgement() => RunAsync(states: 300);

    [Test]
    [Explicit("takes minutes")]
    public Task Open_AfterTenThousandCrashes_HoldsAPrefixThatCoversEveryAcknowledgement() => RunAsync(states: 10_000);

    [Test]
    public async Task Open_AfterKillThenPowerCut_HoldsAPrefixThatCoversEveryAcknowledgement()
    {
        // After a kill the page cache is whole, but nothing in it is durable by that; the next process builds on it.
        int tried = 0;
        for (int seed = 1; seed <= 5; seed++)
        {
            var disk = new CrashDisk(new Dictionary<string, byte[]>());
            var history = new CrashHistory();
            history = await SessionAsync(disk, history, acknowledged: 0, seed, groups: 3);
            history = await SessionAsync(disk, history, acknowledged: 0, seed + 100, groups: 3);
            foreach ((Dictionary<string, byte[]> state, long acknowledged, string name) in CrashStates.Enumerate(disk, seed).Take(60))
            {
                // The kill dropped nothing from the page cache, so the second session's history begins with all of the first one's.
                await CheckAsync(new CrashDisk(state), history, acknowledged, name);
                tried++;
            }
        }
        Assert.That(tried, Is.EqualTo(300));
    }

    [Test]
    public async Task Open_AfterFailedSyncThenPowerCut_HoldsWhatTheRestartCalledDurable()
    {
        // The restart finds the records in the page cache, and tells a client that resumes that they are durable.
        int tried = 0;
        for (int seed = 1; seed <= 5; seed++)
        {
            var disk = new CrashDisk(new Dictionary<string, byte[]>());
            var history = new CrashHistory();
            CrashDisk.Session first = disk.Open();
            CodeStore store = await OpenOnAsync(first);
            await history.RunAsync(store, disk, seed, groups: 2);
            disk.FailingSyncs = "segment";
            Assert.That(async () => await history.RunAsync(store, disk, seed + 50, groups: 1), Throws.TypeOf<CodeStoreException>());
            disk.FailingSyncs = null;
            first.Kill();
            await store.DisposeAsync().AsTask().WaitAsync(Limit);

            CrashHistory longer = await SessionAsync(disk, history, acknowledged: 0, seed + 100, groups: 3, DuplicateMode.Link);
            foreach ((Dictionary<string, byte[]> state, long acknowledged, string name) in CrashStates.Enumerate(disk, seed).Take(60))
            {
                await CheckAsync(new CrashDisk(state), longer, acknowledged, name);
                tried++;
            }
        }
        Assert.That(tried, Is.EqualTo(300));
    }

    [Test]
    public async Task Open_AfterFailedSyncOfTheSuperblockThenPowerCut_HoldsTheFormatThatTheRestartFound()
    {
        CopyGolden("format-1");
        var disk = new CrashDisk(Directory.EnumerateFiles(Sub("store"), "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllBytes));
        CrashDisk.Session first = disk.Open();
        CodeStore store = await OpenOnAsync(first);
        disk.FailingSyncs = "superblock";
        Assert.That(() => store.Put(Record(4000, 4), PutMode.Add, null), Throws.TypeOf<CodeStoreException>());
        disk.FailingSyncs = null;
        first.Kill();
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
        // The raised format is in the page cache, so this process does not raise it again.
        CrashDisk.Session second = disk.Open();
        store = await OpenOnAsync(second);
        await DurableAsync(store, store.Put(Record(4001, 4), PutMode.Add, null).Sequence);
        second.Kill();
        await store.DisposeAsync().AsTask().WaitAsync(Limit);

        Dictionary<string, byte[]> cut = new CrashPoint(disk, disk.Events()).State(_ => false);
        byte[] superblock = cut[Path.Combine(Sub("store"), "superblock")];
        Assert.That(Math.Max(superblock[20], superblock[4096 + 20]), Is.GreaterThan(1), "the format in the newer slot");
        await using CodeStore again = await OpenOnAsync(new CrashDisk(cut).Open());
        Assert.That(again.TryGet(4001, out _), Is.True);
    }

    [Test]
    public async Task Open_SegmentMadeByAKilledProcess_ItsNameIsDurableBeforeAnythingInIt()
    {
        var disk = new CrashDisk(new Dictionary<string, byte[]>());
        await using (await OpenOnAsync(disk.Open()))
        {
            // A store of one segment.
        }
        // Killed between making the next segment and syncing its folder: a later process finds the name in the page cache alone.
        disk.Open().Open(Path.Combine(Sub("store"), "journal", "segment.1"), create: true).Dispose();
        await using (CodeStore store = await OpenOnAsync(disk.Open()))
        {
            for (ulong id = 0; id < 8; id++)
                store.Put(new CodeRecord(id, [id], [], new string('n', 16_000), 0), PutMode.Add, null);
            await DurableAsync(store, store.LastSequence);
        }
        Dictionary<string, byte[]> cut = new CrashPoint(disk, disk.Events()).State(_ => false);
        await using CodeStore again = await OpenOnAsync(new CrashDisk(cut).Open());
        Assert.That(again.Count, Is.EqualTo(8));
    }

    [Test]
    public async Task Open_AfterCrashOfADiskThatIgnoresFlushes_IsFoundToHaveLostAcknowledgedRecords()
    {
        // The enumeration itself must be able to fail: on such a disk no store can keep its word.
        var disk = new CrashDisk(new Dictionary<string, byte[]>(), syncsLie: true);
        CrashHistory history = await SessionAsync(disk, new CrashHistory(), acknowledged: 0, seed: 7, groups: 6);
        int broken = 0;
        foreach ((Dictionary<string, byte[]> state, long acknowledged, string name) in CrashStates.Enumerate(disk, seed: 7).Take(100))
        {
            try
            {
                using (new NUnit.Framework.Internal.TestExecutionContext.IsolatedContext())
                    await CheckAsync(new CrashDisk(state), history, acknowledged, name);
            }
            catch (Exception e) when (e is AssertionException or CodeStoreException)
            {
                broken++;
            }
        }
        Assert.That(broken, Is.GreaterThan(10));
    }

    private async Task RunAsync(int states)
    {
        int tried = 0;
        for (int seed = 1; tried < states; seed++)
        {
            var disk = new CrashDisk(new Dictionary<string, byte[]>());
            CrashHistory history = await SessionAsync(disk, new CrashHistory(), acknowledged: 0, seed, groups: 10);
            int share = Math.Min(Math.Max(100, states / 20), states - tried);
            foreach ((Dictionary<string, byte[]> state, long acknowledged, string name) in CrashStates.Enumerate(disk, seed).Take(share))
            {
                tried++;
                if (tried % 4 != 0)
                {
                    await CheckAsync(new CrashDisk(state), history, acknowledged, name);
                    continue;
                }
                // One in four goes on after the crash, and crashes again.
                var second = new CrashDisk(state);
                CrashHistory longer = await SessionAsync(second, history, acknowledged, seed: tried, groups: 2);
                foreach ((Dictionary<string, byte[]> then, long atLeast, string inner) in CrashStates.Enumerate(second, tried).Skip(tried % 50).Take(3))
                {
                    tried++;
                    await CheckAsync(new CrashDisk(then), longer, Math.Max(acknowledged, atLeast), $"{name}, then {inner}");
                }
            }
        }
        TestContext.Out.WriteLine($"{tried} crash states recovered and checked");
    }

    /// <summary>Opens the store, checks it, sends more, and is killed.</summary>
    /// <returns>What the store knows now: the prefix it opened with, and what was sent since.</returns>
    private async Task<CrashHistory> SessionAsync(CrashDisk disk, CrashHistory history, long acknowledged, int seed, int groups, DuplicateMode? duplicates = null)
    {
        CrashDisk.Session session = disk.Open();
        CodeStore store = await OpenOnAsync(session, duplicates ?? (seed % 2 == 0 ? DuplicateMode.Link : DuplicateMode.Refuse));
        try
        {
            CrashHistory mine = history.UpTo(await history.AssertPrefixAsync(store, acknowledged, $"seed {seed}"));
            // Whatever a start finds, it calls durable.
            disk.Acknowledge(store.DurableSequence);
            await mine.RunAsync(store, disk, seed, groups);
            return mine;
        }
        finally
        {
            session.Kill();
            await store.DisposeAsync().AsTask().WaitAsync(Limit);
        }
    }

    private async Task CheckAsync(CrashDisk disk, CrashHistory history, long acknowledged, string name)
    {
        CodeStore store;
        try
        {
            store = await OpenOnAsync(disk.Open());
        }
        catch (CodeStoreException e)
        {
            throw new AssertionException($"{name}: a crash alone must not stop the store: {e.Message}", e);
        }
        await using (store)
        {
            await history.AssertPrefixAsync(store, acknowledged, name);
            // An index on top takes longer than the rest: of every eighth state.
            if (_checked++ % 8 == 0)
                await history.AssertIndexAsync(store, Sub("index"), name);
        }
    }

    // Short pages and segments, so that a few dozen records cross them.
    private Task<CodeStore> OpenOnAsync(CrashDisk.Session session, DuplicateMode duplicates = DuplicateMode.Link) => CodeStore.OpenAsync(
        Options(Sub("store")) with { Files = session, PageBytes = 64 << 10, SegmentBytes = 64 << 10, TableBuckets = 512, ReserveBytes = 16 << 10, Duplicates = duplicates },
        Model,
        CancellationToken.None).WaitAsync(Limit);
}
