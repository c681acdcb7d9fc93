using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Tests.Storage.Checking;

namespace HashGrid.Server.Tests.Storage.Backups;

[Category("Durability")]
public sealed class StoreRestoreTests : BackupFixture
{
    [Test]
    public async Task RestoreAsync_Backup_IsTheStoreOfThatTime()
    {
        await SmallStore.WriteAsync(Small("store"), Model).WaitAsync(Limit);
        await BackupAsync();
        await WriteAsync("store", 50, 60);
        BackupReport report = await RestoreAsync("backup", "restored");
        Assert.That(Journal("restored"), Is.EqualTo(Journal("backup")));
        await using CodeStore store = await OpenSmallAsync("restored");
        SmallStore.AssertWhole(store);
        Assert.That((store.StoreId, store.LastSequence), Is.EqualTo((report.StoreId, report.LastSequence)));
        await DurableAsync(store, store.Put(Record(1000, 7), PutMode.Add, null).Sequence);
    }

    [Test]
    public async Task RestoreAsync_CompactedStore_KeepsGenerationAndSequence()
    {
        await WriteAsync("store", 1, 50);
        await WriteAsync("store", 1, 50, factor: 9);
        await CompactAsync("store");
        await BackupAsync();
        await RestoreAsync("backup", "restored");
        Assert.That(Journal("restored", "journal.1"), Is.EqualTo(Journal("store", "journal.1")));
        await AssertHoldsAsync("restored", 50, factor: 9);
    }

    [Test]
    public async Task RestoreAsync_TakenTarget_IsRefusedAndLeftAlone()
    {
        await WriteAsync("store", 1, 20);
        await BackupAsync();
        byte[] before = Journal("store");
        Assert.That((await RefusalAsync(() => RestoreAsync("backup", "store"))).Message, Does.Contain("holds a store").And.Contain("nothing was changed"));
        Assert.That(Journal("store"), Is.EqualTo(before));
        Directory.CreateDirectory(Path.Combine(Sub("photos"), "cats"));
        Assert.That((await RefusalAsync(() => RestoreAsync("backup", "photos"))).Reason, Is.EqualTo(CodeStoreProblem.NotWritable));
        await using (await OpenSmallAsync("store"))
            Assert.That((await RefusalAsync(() => RestoreAsync("backup", "store"))).Reason, Is.EqualTo(CodeStoreProblem.InUse));
        Assert.That((await RefusalAsync(() => RestoreAsync("backup", "backup"))).Message, Does.Contain("both source and target"));
    }

    [Test]
    public async Task RestoreAsync_DamagedOrUnfinishedOrNoBackup_WritesNothing()
    {
        await WriteAsync("store", 1, 300);
        await using (CodeStore store = await OpenSmallAsync("store"))
            await InterruptAsync(store, "unfinished", 90_000);
        Assert.That((await RefusalAsync(() => RestoreAsync("unfinished", "restored"))).Message, Does.Contain("not finished"));
        Assert.That((await RefusalAsync(() => RestoreAsync("nothing", "restored"))).Reason, Is.EqualTo(CodeStoreProblem.NotFound));
        await BackupAsync();
        string segment = Path.Combine(Sub("backup"), "journal", "segment.0");
        byte[] bytes = File.ReadAllBytes(segment);
        bytes[40_000] ^= 4;
        File.WriteAllBytes(segment, bytes);
        CodeStoreException damaged = await RefusalAsync(() => RestoreAsync("backup", "restored"));
        Assert.That(damaged.Message, Does.Contain("segment.0").And.Match("[1-9][0-9]* records are lost").And.Contain("salvage"));
        Assert.That(Directory.Exists(Sub("restored")), Is.False);
    }

    [Test]
    public async Task RestoreAsync_FailedInBetween_NoServerOpensItAndTheNextRunFinishes()
    {
        await WriteAsync("store", 1, 300);
        await BackupAsync();
        var files = new FaultyFiles("commits");
        files.FailWrites(new IOException("Input/output error", 5));
        await Assert.ThrowsAsync<IOException>(() => RestoreAsync("backup", "restored", files));
        Assert.That((await RefusalAsync(() => OpenSmallAsync("restored"))).Message, Does.Contain("not finished"));
        Assert.That((await RestoreAsync("backup", "restored")).CopiedBytes, Is.Zero, "all of the journal had arrived");
        await AssertHoldsAsync("restored", 300);
    }

    [Test]
    public async Task RestoreAsync_TargetHoldsTheUnfinishedRestoreOfAnotherStore_IsRefused()
    {
        await WriteAsync("store", 1, 300);
        await WriteAsync("other", 1, 20);
        await BackupAsync("other", "backup");
        await using (CodeStore store = await OpenSmallAsync("store"))
            await InterruptAsync(store, "restored", 90_000);
        Assert.That((await RefusalAsync(() => RestoreAsync("backup", "restored"))).Reason, Is.EqualTo(CodeStoreProblem.OtherHistory));
    }
}
