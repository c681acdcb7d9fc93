using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Compacting;
using HashGrid.Server.Tests.Storage.Backups;
using HashGrid.Server.Tests.Storage.Checking;

namespace HashGrid.Server.Tests.Storage;

/// <summary>Each change to the disk fails in turn, once or from then on: whatever was under way, the store opens afterwards with all that was acknowledged.</summary>
[Category("Durability")]
public sealed class EveryChangeFailsTests : BackupFixture
{
    private const ulong Ids = 320; // a little more than one segment

    [TestCase(false)]
    [TestCase(true)]
    public async Task Compact_StoreIsWholeAndTheNextOneRunsToItsEnd(bool forGood)
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        int before = 0, after = 0;
        for (int n = 1; ; n++)
        {
            string name = $"store-{n}";
            Copy("store", name);
            FaultyFiles files = Failing(n, forGood);
            bool failed = await FailsAsync(() => StoreCompaction.RunAsync(Options(Sub(name)) with { Files = files }, CancellationToken.None));
            if (files.Changes < n)
            {
                Assert.That(failed, Is.False, "nothing failed");
                break;
            }
            await using (CodeStore store = await OpenAsync(name))
            {
                SmallStore.AssertWhole(store, $"change {n}");
                await DurableAsync(store, store.Put(Record(1000, 1), PutMode.Add, null).Sequence);
            }
            _ = Directory.Exists(Path.Combine(Sub(name), "journal.1")) ? after++ : before++;
            await StoreCompaction.RunAsync(Options(Sub(name)), CancellationToken.None).WaitAsync(Limit);
            await using CodeStore again = await OpenAsync(name);
            Assert.That(again.Count, Is.EqualTo(SmallStore.Codes.Count + 1L), $"change {n}");
        }
        Assert.That(Math.Min(before, after), Is.GreaterThan(1), $"{before} before the change-over, {after} after it");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Backup_NewOne_IsNoStoreBeforeItIsWholeAndTheNextRunFinishes(bool forGood)
    {
        await WriteAsync("store", 1, Ids);
        int refused = 0;
        for (int n = 1; ; n++)
        {
            string name = $"backup-{n}";
            FaultyFiles files = Failing(n, forGood);
            bool failed = await FailsAsync(() => BackupAsync(target: name, files: files));
            if (files.Changes < n)
                break;
            if (!failed || File.Exists(Path.Combine(Sub(name), "superblock")) && !File.Exists(Path.Combine(Sub(name), "superblock.partial")))
                await AssertHoldsAsync(name, Ids);
            else if (File.Exists(Path.Combine(Sub(name), "superblock.partial")) && !await HoldsAllAsync(name))
                refused++;
            await BackupAsync(target: name);
            await AssertHoldsAsync(name, Ids);
        }
        Assert.That(refused, Is.GreaterThan(5), "were no store yet");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Backup_OfACompactedStoreIntoTheOldCopy_IsOneOfTheTwoAndTheNextRunFinishes(bool forGood)
    {
        await WriteAsync("store", 1, Ids);
        await BackupAsync();
        await WriteAsync("store", 1, Ids, factor: 9);
        await CompactAsync("store");
        int old = 0, renewed = 0;
        for (int n = 1; ; n++)
        {
            string name = $"backup-{n}";
            Copy("backup", name);
            FaultyFiles files = Failing(n, forGood);
            await FailsAsync(() => BackupAsync(target: name, files: files));
            if (files.Changes < n)
                break;
            ulong factor = await FactorAsync(name);
            _ = factor == 7 ? old++ : renewed++;
            await AssertHoldsAsync(name, Ids, factor);
            await BackupAsync(target: name);
            await AssertHoldsAsync(name, Ids, factor: 9);
        }
        Assert.That(Math.Min(old, renewed), Is.GreaterThan(1), $"{old} old, {renewed} renewed");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Snapshot_StoreAndSearchesGoOnAndTheNextStartIsRight(bool forGood)
    {
        ulong id = 0;
        var files = new FaultyFiles("");
        // Nothing else changes the disk while a snapshot is written.
        await using CodeStore store = await CodeStore.OpenAsync(Options(Sub("store")) with { Files = files, SuperblockInterval = TimeSpan.FromHours(1) }, Model, CancellationToken.None).WaitAsync(Limit);
        for (int n = 1; ; n++)
        {
            string folder = Sub($"index-{n}");
            bool failed;
            await using (IndexHost host = Start(store, folder))
            {
                // Two older ones, of which a third deletes the first; but for the first round, whose folder is not there yet.
                for (int older = 0; older < (n == 1 ? 0 : 2); older++)
                {
                    await PutAsync(host);
                    await host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit);
                }
                await PutAsync(host);
                files.FailChange(n == 1 ? 1 : n - 1, forGood, Broken());
                failed = await FailsAsync(() => host.SnapshotAsync(inBackground: false, CancellationToken.None));
                files.Heal();
                Assert.That(host.SnapshotProblem, failed ? Does.Contain("Input/output error") : Is.Null);
                await PutAsync(host);
                Assert.That((store.State, host.State, host.Index.Count), Is.EqualTo((StoreState.Open, IndexState.Ready, (long)id)));
            }
            await using (IndexHost again = Start(store, folder))
            {
                await again.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
                Assert.That((again.Index.Count, again.SnapshotSequence > 0), Is.EqualTo(((long)id, n > 1)), $"change {n}");
                Assert.That(Directory.Exists(folder) ? Directory.GetFiles(folder, "*unfinished*") : [], Is.Empty, $"change {n}");
            }
            if (!failed)
            {
                Assert.That(n, Is.EqualTo(5), "the folder, the name, its sync, and an old snapshot have failed");
                break;
            }
        }

        async Task PutAsync(IndexHost host)
        {
            PutResult put = store.Put(Record(++id, id * 7), PutMode.Add, null);
            await DurableAsync(store, put.Sequence);
            await host.WaitAppliedAsync(put.Sequence, CancellationToken.None).AsTask().WaitAsync(Limit);
        }
    }

    /// <summary>Whether a server opens what an interrupted backup left; if so, it must be all of it.</summary>
    private async Task<bool> HoldsAllAsync(string name)
    {
        try
        {
            await using CodeStore store = await OpenSmallAsync(name);
            Assert.That(store.Count, Is.EqualTo((long)Ids), name);
            return true;
        }
        catch (CodeStoreException e) when (e.Reason == CodeStoreProblem.NotFound)
        {
            return false;
        }
    }

    private static FaultyFiles Failing(int change, bool forGood)
    {
        var files = new FaultyFiles("");
        files.FailChange(change, forGood, Broken());
        return files;
    }

    private static IOException Broken() => new("Input/output error", 5);

    private static async Task<bool> FailsAsync(Func<Task> work)
    {
        try
        {
            await work().WaitAsync(Limit);
            return false;
        }
        catch (Exception e) when (e is IOException or CodeStoreException)
        {
            return true;
        }
    }

    private static IndexHost Start(CodeStore store, string folder) =>
        IndexHost.Start(store, new IndexHostOptions { Directory = folder, Width = new CodeWidth(64) });

    private async Task<ulong> FactorAsync(string name)
    {
        await using CodeStore store = await OpenSmallAsync(name);
        return store.TryGet(1, out CodeRecord? record) ? record.Code[0] : 0;
    }

    private void Copy(string from, string to)
    {
        foreach (string path in Directory.EnumerateFiles(Sub(from), "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Sub(to), Path.GetRelativePath(Sub(from), path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }
}
