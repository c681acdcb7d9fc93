using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Compacting;
using HashGrid.Server.Tests.Storage;

namespace HashGrid.Server.Tests.Indexing;

/// <summary>Index snapshots put back by hand into a store whose journal took another way since: a start must not believe them.</summary>
[Category("Durability")]
public sealed class SnapshotHistoryTests : StoreFixture
{
    [Test]
    public async Task Start_SnapshotFromBeforeACompactionPutBack_BringsNoRemovedIdBack()
    {
        await WriteAsync("store", store =>
        {
            Put(store, 1);
            Put(store, 2);
        }, snapshot: true);
        CopyIndex("store", "aside");
        await WriteAsync("store", store => store.Remove(1, out _));
        await CompactAsync();
        CopyIndex("aside", "store");
        Assert.That(await StartAsync("store"), Is.EqualTo((0L, "2")));
    }

    [Test]
    public async Task Start_SnapshotOfWhatARestoredStoreHasLost_ShowsNothingOfIt()
    {
        await WriteAsync("store", store => Put(store, 1));
        await StoreBackup.RunAsync(Sub("store"), Options(Sub("backup")), null, CancellationToken.None).WaitAsync(Limit);
        await WriteAsync("store", store =>
        {
            Put(store, 2);
            Put(store, 3);
        }, snapshot: true);
        await StoreBackup.RestoreAsync(Sub("backup"), Options(Sub("restored")), null, CancellationToken.None).WaitAsync(Limit);
        CopyIndex("store", "restored");
        Assert.That(await StartAsync("restored"), Is.EqualTo((0L, "1")), "ahead of the store");
        // The same sequences again, with other changes.
        await WriteAsync("restored", store =>
        {
            Put(store, 4);
            Put(store, 5);
            Put(store, 6);
        });
        Assert.That(await StartAsync("restored"), Is.EqualTo((0L, "1 4 5 6")));
    }

    [Test]
    public async Task Start_SnapshotOfTheHistoryThatARestoredStoreShares_IsUsed()
    {
        await WriteAsync("store", store => Put(store, 1), snapshot: true);
        await WriteAsync("store", store => Put(store, 2));
        await StoreBackup.RunAsync(Sub("store"), Options(Sub("backup")), null, CancellationToken.None).WaitAsync(Limit);
        await StoreBackup.RestoreAsync(Sub("backup"), Options(Sub("restored")), null, CancellationToken.None).WaitAsync(Limit);
        CopyIndex("store", "restored");
        Assert.That(await StartAsync("restored"), Is.EqualTo((2L, "1 2")));
    }

    [Test]
    public async Task Start_SnapshotOfTheEndBeforeACompaction_IsCarriedOver()
    {
        await WriteAsync("store", store =>
        {
            Put(store, 1);
            Put(store, 2);
            store.Remove(1, out _);
        }, snapshot: true);
        await CompactAsync();
        Assert.That(await StartAsync("store"), Is.EqualTo((4L, "2")));
        await WriteAsync("store", store => Put(store, 7), snapshot: true);
        Assert.That(await StartAsync("store"), Is.EqualTo((5L, "2 7")));
    }

    // As builds named it that did not know its end; another checksum; a later generation; an end before the beginning.
    [TestCase(".index")]
    [TestCase("-0-0000000000000003-00000000.index")]
    [TestCase("-1-0000000000000003-{link}.index")]
    [TestCase("-0-0000000000000002-{link}.index")]
    public async Task Start_SnapshotWhoseNameFitsNoPlaceInTheJournal_IsPassedOverAndGoesWithTheNextOne(string end)
    {
        await WriteAsync("store", store =>
        {
            Put(store, 1);
            Put(store, 2);
        }, snapshot: true);
        string path = Snapshots("store").Single(), name = Path.GetFileNameWithoutExtension(path);
        string other = Path.Combine(Path.GetDirectoryName(path)!, name[..49] + end.Replace("{link}", name[^8..], StringComparison.Ordinal));
        Assert.That(await StartAsync("store"), Is.EqualTo((3L, "1 2")));
        File.Move(path, other);
        Assert.That(await StartAsync("store"), Is.EqualTo((0L, "1 2")));
        await WriteAsync("store", store => Put(store, 3), snapshot: true);
        Assert.That(Snapshots("store"), Has.Length.EqualTo(1).And.None.EqualTo(other));
        Assert.That(await StartAsync("store"), Is.EqualTo((4L, "1 2 3")));
    }

    [Test]
    public async Task Snapshot_PutsThatShareAFrame_FindTheirPlaceAgain()
    {
        await WriteAsync("store", store =>
        {
            for (ulong id = 1; id <= 20_000; id++)
                Put(store, id);
        }, snapshot: true);
        await WriteAsync("store", store => Put(store, 30_000));
        await using CodeStore again = await OpenAsync();
        await using IndexHost host = Start(again, "store");
        Assert.That(host.SnapshotSequence, Is.EqualTo(20_001));
        JournalPoint end = again.DurablePoint;
        Assert.That(again.Holds(end), Is.True);
        foreach (JournalPoint other in (JournalPoint[])[end with { Generation = 1 }, end with { Sequence = end.Sequence - 1 }, end with { Sequence = end.Sequence + 1 }, end with { Link = end.Link ^ 1 }])
            Assert.That(again.Holds(other), Is.False, other.ToString());
    }

    private static void Put(CodeStore store, ulong id) => store.Put(Record(id, id), PutMode.Add, null);

    private async Task WriteAsync(string name, Action<CodeStore> change, bool snapshot = false)
    {
        await using CodeStore store = await OpenAsync(name);
        change(store);
        await DurableAsync(store, store.LastSequence);
        if (!snapshot)
            return;
        await using IndexHost host = Start(store, name);
        await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
        await host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit);
    }

    /// <summary>What a start believes: the sequence of the snapshot that it opened, and the ids that a search of everything finds.</summary>
    private async Task<(long Snapshot, string Ids)> StartAsync(string name)
    {
        await using CodeStore store = await OpenAsync(name);
        await using IndexHost host = Start(store, name);
        await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
        var found = new Neighbor[50];
        int count = host.Index.NearestSearch([0], found).Count;
        return (host.SnapshotSequence, string.Join(' ', found[..count].Select(neighbor => neighbor.Id).Order()));
    }

    private IndexHost Start(CodeStore store, string name) =>
        IndexHost.Start(store, new IndexHostOptions { Directory = Path.Combine(Sub(name), "index"), Width = new CodeWidth(64) });

    private Task<CompactionReport> CompactAsync() => StoreCompaction.RunAsync(Options(Sub("store")), CancellationToken.None).WaitAsync(Limit);

    private string[] Snapshots(string name) => Directory.GetFiles(Path.Combine(Sub(name), "index"), "*.index");

    private void CopyIndex(string from, string to)
    {
        string target = Directory.CreateDirectory(Path.Combine(Sub(to), "index")).FullName;
        foreach (string path in Snapshots(from))
            File.Copy(path, Path.Combine(target, Path.GetFileName(path)), overwrite: true);
    }
}
