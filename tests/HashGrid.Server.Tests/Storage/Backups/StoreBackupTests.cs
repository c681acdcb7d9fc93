using System.IO.Pipelines;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Tests.Storage.Checking;

namespace HashGrid.Server.Tests.Storage.Backups;

[Category("Durability")]
public sealed class StoreBackupTests : BackupFixture
{
    [Test]
    public async Task ReceiveAsync_SourceFailsAtOnceAfterSomePieces_WhatArrivedStaysForTheNextRun()
    {
        await WriteAsync("store", 1, 400);
        await using CodeStore store = await OpenSmallAsync("store");
        long sent = 0;
        using (var folder = BackupFolder.Open(Small("backup"), mustBeNew: false, CancellationToken.None))
        using (BackupReader reader = store.OpenBackup(null))
        {
            IOException? failure = await Assert.ThrowsAsync<IOException>(() => folder.ReceiveAsync(reader.Offer, SendHalfAsync, null, CancellationToken.None).WaitAsync(Limit));
            Assert.That(failure!.Message, Is.EqualTo("the line is dead"));

            async Task SendHalfAsync(PipeWriter writer, CancellationToken stop)
            {
                // All of it before the writing to disk has begun.
                byte[] piece = new byte[(int)(reader.LeftBytes / 2)];
                sent = reader.Read(piece);
                await writer.WriteAsync(piece, stop);
                throw new IOException("the line is dead");
            }
        }
        using var again = BackupFolder.Open(Small("backup"), mustBeNew: false, CancellationToken.None);
        Assert.That(again.Have?.Address, Is.InRange(sent / 2, sent + 64));
    }

    [Test]
    public async Task RunAsync_EveryKindOfRecord_CopyIsTheSameStore()
    {
        await SmallStore.WriteAsync(Small("store"), Model).WaitAsync(Limit);
        StoreCheckReport source = StoreCheck.Run(Sub("store"), CancellationToken.None);
        BackupReport report = await BackupAsync();
        Assert.That(Journal("backup"), Is.EqualTo(Journal("store")));
        StoreCheckReport copy = StoreCheck.Run(Sub("backup"), CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((copy.StoreId, copy.DurableSequence, copy.Records, copy.ClosedCleanly), Is.EqualTo((source.StoreId, source.LastSequence, source.Records, true)));
            Assert.That(copy.Findings, Is.Empty);
            Assert.That((report.StoreId, report.LastSequence, report.Continued), Is.EqualTo((source.StoreId, source.LastSequence, false)));
            Assert.That(Directory.EnumerateFileSystemEntries(Sub("backup")).Select(Path.GetFileName), Is.EquivalentTo(new[] { "superblock", "commits", "journal", "lock" }));
        }
        await using CodeStore store = await OpenSmallAsync("backup");
        SmallStore.AssertWhole(store);
    }

    [Test]
    public async Task RunAsync_AgainIntoTheSameFolder_CopiesOnlyWhatIsNew()
    {
        await WriteAsync("store", 1, 600);
        BackupReport first = await BackupAsync();
        BackupReport nothing = await BackupAsync();
        await WriteAsync("store", 601, 700);
        BackupReport second = await BackupAsync();
        Assert.That(Journal("backup"), Is.EqualTo(Journal("store")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.CopiedBytes, Is.EqualTo(first.JournalBytes).And.GreaterThan(256 << 10), "several pages and segments");
            Assert.That((nothing.Continued, nothing.CopiedBytes), Is.EqualTo((true, 0L)));
            Assert.That((second.Continued, second.CopiedBytes), Is.EqualTo((true, second.JournalBytes - first.JournalBytes)));
        }
        await AssertHoldsAsync("backup", 700);
    }

    [Test]
    public async Task OpenBackup_WhileRecordsArrive_HoldsWhatWasDurableAtItsBegin()
    {
        await using CodeStore store = await OpenSmallAsync("store");
        await PutAsync(store, 1, 300);
        using var stop = new CancellationTokenSource();
        Task writing = Task.Run(() =>
        {
            for (ulong id = 301; !stop.IsCancellationRequested; id++)
                store.Put(new CodeRecord(id, [id * 7], ["Mass"], new string('n', (int)(id * 37 % 900)), 0), PutMode.Add, null);
        });
        for (int run = 0; run < 5; run++)
        {
            long acknowledged = store.DurableSequence;
            BackupReport report = await ReceiveAsync(store, "backup");
            Assert.That(report.LastSequence, Is.GreaterThanOrEqualTo(acknowledged));
            StoreCheckReport check = StoreCheck.Run(Sub("backup"), CancellationToken.None);
            Assert.That((check.Findings.Count, check.LastSequence), Is.EqualTo((0, report.LastSequence)));
        }
        await stop.CancelAsync();
        await writing.WaitAsync(Limit);
        await DurableAsync(store, store.LastSequence);
        Assert.That((await ReceiveAsync(store, "backup")).LastSequence, Is.EqualTo(store.LastSequence));
        // The first record is the store's identity, so the last id is one less.
        await AssertHoldsAsync("backup", (ulong)store.LastSequence - 1);
    }

    [Test]
    public async Task ReceiveAsync_BrokenOff_NextRunGoesOnAndNoServerOpensItBefore()
    {
        await using CodeStore store = await OpenSmallAsync("store");
        await PutAsync(store, 1, 600);
        await InterruptAsync(store, "backup", 150_000);
        Assert.That((await RefusalAsync(() => OpenSmallAsync("backup"))).Message, Does.Contain("not finished").And.Contain("run the same command again"));
        Assert.That(Assert.Throws<CodeStoreException>(() => StoreCheck.Run(Sub("backup"), CancellationToken.None))!.Reason, Is.EqualTo(CodeStoreProblem.NotFound));
        BackupReport report = await ReceiveAsync(store, "backup");
        Assert.That(report.Continued, Is.True);
        Assert.That(report.CopiedBytes, Is.LessThan(report.JournalBytes - 100_000), "what had arrived is not sent again");
        await AssertHoldsAsync("backup", 600);
    }

    [Test]
    public async Task RunAsync_DamagedSource_IsRefusedAndTheOldBackupStays()
    {
        await WriteAsync("store", 1, 100);
        await BackupAsync();
        byte[] before = Journal("backup");
        await WriteAsync("store", 101, 300);
        Flip("store", 15_000);
        Assert.That((await RefusalAsync(() => BackupAsync())).Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That((await RefusalAsync(() => BackupAsync(target: "fresh"))).Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That(Journal("backup"), Is.EqualTo(before));
        Assert.That(File.Exists(Path.Combine(Sub("fresh"), "superblock")), Is.False);
        await AssertHoldsAsync("backup", 100);
    }

    [Test]
    public async Task OpenBackup_ByteFlippedUnderARunningStore_SendsNothingBehindIt()
    {
        await using CodeStore store = await OpenSmallAsync("store");
        await PutAsync(store, 1, 300);
        Flip("store", 100_000);
        CodeStoreException damaged = await RefusalAsync(() => ReceiveAsync(store, "backup"));
        Assert.That((damaged.Reason, damaged.Offset < 100_000), Is.EqualTo((CodeStoreProblem.Damaged, true)));
        Assert.That(File.Exists(Path.Combine(Sub("backup"), "superblock")), Is.False);
    }

    [Test]
    public async Task RunAsync_DamagedBackup_IsReportedNotContinued()
    {
        await WriteAsync("store", 1, 300);
        await BackupAsync();
        Flip("backup", 50_000);
        byte[] before = Journal("backup");
        CodeStoreException damaged = await RefusalAsync(() => BackupAsync());
        Assert.That(damaged.Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That(damaged.Message, Does.Contain("does not verify any more").And.Contain("another folder"));
        Assert.That(Journal("backup"), Is.EqualTo(before));
    }

    [Test]
    public async Task RunAsync_CompactedSource_ReplacesTheCopyInOneStep()
    {
        await WriteAsync("store", 1, 300);
        await BackupAsync();
        await WriteAsync("store", 1, 200, factor: 9);
        await CompactAsync("store");
        await using (CodeStore store = await OpenSmallAsync("store"))
        {
            await InterruptAsync(store, "backup", 70_000);
            await AssertHoldsAsync("backup", 300);
        }
        // Opening it as a store has thrown away what had arrived of the next generation: it starts anew.
        BackupReport report = await BackupAsync();
        Assert.That(Journal("backup", "journal.1"), Is.EqualTo(Journal("store", "journal.1")));
        Assert.That(Directory.Exists(Path.Combine(Sub("backup"), "journal")) || File.Exists(Path.Combine(Sub("backup"), "commits")), Is.False);
        Assert.That((await BackupAsync()).CopiedBytes, Is.Zero);
        await using CodeStore copy = await OpenSmallAsync("backup");
        Assert.That((copy.Count, copy.LastSequence), Is.EqualTo((300L, report.LastSequence)));
        Assert.That(copy.TryGet(1, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(9UL));
    }

    [Test]
    public async Task RunAsync_CompactedSourceBrokenOff_NextRunContinuesTheNewJournal()
    {
        await WriteAsync("store", 1, 500);
        await BackupAsync();
        await WriteAsync("store", 1, 100, factor: 9);
        await CompactAsync("store");
        await using (CodeStore store = await OpenSmallAsync("store"))
            await InterruptAsync(store, "backup", 100_000);
        BackupReport report = await BackupAsync();
        Assert.That(report.Continued, Is.True);
        Assert.That(Journal("backup", "journal.1"), Is.EqualTo(Journal("store", "journal.1")));
        Assert.That(File.Exists(Path.Combine(Sub("backup"), "superblock.partial")), Is.False);
    }

    [Test]
    public async Task RunAsync_StoreWentOnFromAnOlderCopy_IsRefusedAndTheBackupStays()
    {
        await WriteAsync("store", 1, 100);
        await BackupAsync();
        await RestoreAsync("backup", "restored");
        await WriteAsync("store", 101, 150);
        await BackupAsync();
        byte[] before = Journal("backup");
        // Behind the copy, then beside it: shorter, and longer with other records.
        CodeStoreException older = await RefusalAsync(() => BackupAsync("restored"));
        await WriteAsync("restored", 101, 250, factor: 9);
        CodeStoreException other = await RefusalAsync(() => BackupAsync("restored"));
        Assert.That((older.Reason, other.Reason), Is.EqualTo((CodeStoreProblem.OtherHistory, CodeStoreProblem.OtherHistory)));
        Assert.That(older.Message, Does.Contain("restored from an older copy").And.Contain("name another folder"));
        Assert.That(other.Message, Does.Contain("record 151"));
        Assert.That(Journal("backup"), Is.EqualTo(before));
    }

    [Test]
    public async Task RunAsync_OtherStoreOrForeignOrOwnedFolder_IsRefused()
    {
        await WriteAsync("store", 1, 20);
        await WriteAsync("other", 1, 20);
        await BackupAsync();
        Assert.That((await RefusalAsync(() => BackupAsync("other"))).Reason, Is.EqualTo(CodeStoreProblem.OtherHistory));
        Directory.CreateDirectory(Sub("photos"));
        File.WriteAllText(Path.Combine(Sub("photos"), "cat.png"), "meow");
        Assert.That((await RefusalAsync(() => BackupAsync(target: "photos"))).Message, Does.Contain("not empty and holds no backup"));
        Assert.That((await RefusalAsync(() => BackupAsync(target: "store"))).Message, Does.Contain("both source and target"));
        Assert.That((await RefusalAsync(() => BackupAsync("nothing"))).Reason, Is.EqualTo(CodeStoreProblem.NotFound));
        Assert.That(Directory.Exists(Sub("nothing")), Is.False);
        await using (await OpenSmallAsync("store"))
            Assert.That((await RefusalAsync(() => BackupAsync())).Message, Does.Contain("owned by another process").And.Contain("--server"));
        await using (await OpenSmallAsync("backup"))
            Assert.That((await RefusalAsync(() => BackupAsync())).Reason, Is.EqualTo(CodeStoreProblem.InUse));
        await AssertHoldsAsync("backup", 20);
    }

    [Test]
    public async Task RunAsync_DiskTooSmall_SaysSoBeforeItWrites()
    {
        await WriteAsync("store", 1, 300);
        CodeStoreException full = await RefusalAsync(() => BackupAsync(files: new FaultyFiles("none") { Free = 1_000_000 }));
        Assert.That(full.Reason, Is.EqualTo(CodeStoreProblem.DiskFull));
        Assert.That(full.Message, Does.Contain("1000000 bytes free"));
        Assert.That(Directory.EnumerateFileSystemEntries(Sub("backup")).Select(Path.GetFileName), Is.EqualTo(new[] { "lock" }));
    }

    [Test]
    public async Task OpenBackup_StoreOfTheFirstFormatRaisedWhileServed_CopiesHaveTheFormatOfTheirFrames()
    {
        CopyGolden("format-1");
        long held;
        await using (CodeStore store = await OpenSmallAsync("store"))
        {
            held = store.Count;
            await ReceiveAsync(store, "backup");
            Assert.That(NewestFormat("backup"), Is.EqualTo(1));
            await DurableAsync(store, store.Put(Record(1000, 5), PutMode.Add, null).Sequence);
            await ReceiveAsync(store, "backup");
            Assert.That(NewestFormat("backup"), Is.EqualTo(3));
            await DurableAsync(store, store.Put(Image(1001, "x"), PutMode.Add, null).Sequence);
            await ReceiveAsync(store, "backup");
            await ReceiveAsync(store, "fresh");
        }
        await RestoreAsync("backup", "restored");
        foreach (string name in (string[])["backup", "fresh", "restored"])
        {
            Assert.That(NewestFormat(name), Is.EqualTo(4), name);
            Assert.That(Journal(name), Is.EqualTo(Journal("store")), name);
            Assert.That(StoreCheck.Run(Sub(name), CancellationToken.None).Findings, Is.Empty, name);
            await using CodeStore copy = await OpenSmallAsync(name);
            Assert.That((copy.Count, copy.TryGet(1000, out _), copy.TryGet(1001, out CodeRecord? image) ? image.Digest : null), Is.EqualTo((held + 2, true, (ContentDigest?)Digest("x"))), name);
        }
    }

    [TestCase("segment")]
    [TestCase("commits")]
    [TestCase("superblock")]
    public async Task RunAsync_WriteFailsThenWorks_NextRunMakesTheCopyWhole(string file)
    {
        await WriteAsync("store", 1, 300);
        var files = new FaultyFiles(file);
        files.FailWrites(new IOException("No space left on device", 28));
        Assert.That((await Assert.ThrowsAsync<IOException>(() => BackupAsync(files: files)))!.Message, Does.Contain("No space"));
        files.Heal();
        await BackupAsync(files: files);
        Assert.That(Journal("backup"), Is.EqualTo(Journal("store")));
        await AssertHoldsAsync("backup", 300);
    }

    private async Task<BackupReport> ReceiveAsync(CodeStore source, string target)
    {
        using BackupFolder folder = BackupFolder.Open(Small(target), mustBeNew: false, CancellationToken.None);
        using BackupReader reader = source.OpenBackup(folder.Have);
        return await folder.ReceiveAsync(
            reader.Offer,
            async (writer, ct) =>
            {
                byte[] piece = new byte[10_007];
                while (reader.Read(piece) is > 0 and int length)
                    await writer.WriteAsync(piece.AsMemory(0, length), ct);
            },
            null,
            CancellationToken.None).WaitAsync(Limit);
    }

    private void Flip(string name, long address)
    {
        using FileStream file = File.Open(Path.Combine(Sub(name), "journal", $"segment.{address / (128 << 10)}"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = address % (128 << 10);
        int value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 1));
    }
}
