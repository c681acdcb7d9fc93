using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Tests.Storage.Checking;

[Category("Durability")]
public sealed class StoreSalvageTests : StoreFixture
{
    [Test]
    public async Task RunAsync_WholeStore_CopiesCodesAndStreams()
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        SalvageReport report = await SalvageAsync();
        Assert.That((report.Complete, report.Lost, report.Ids), Is.EqualTo((true, 0L, (long)SmallStore.Codes.Count)));
        await using CodeStore copy = await OpenAsync("copy");
        SmallStore.AssertWhole(copy);
        Assert.That(copy.StoreId, Is.EqualTo(report.StoreId));
    }

    [Test]
    public async Task RunAsync_OneRecordDamaged_CopiesTheOthersAndNamesTheLostOne()
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        JournalEntry victim = Damage(entry => entry.Id == 4);
        Assert.That((await RefusalAsync(() => OpenAsync())).Reason, Is.EqualTo(CodeStoreProblem.Damaged));

        SalvageReport report = await SalvageAsync();
        Assert.That((report.Complete, report.Lost), Is.EqualTo((false, 1L)));
        Assert.That(report.Findings.Single(finding => finding.Lost > 0).FirstLost, Is.EqualTo(victim.Sequence));
        await using CodeStore copy = await OpenAsync("copy");
        Assert.That(copy.Count, Is.EqualTo(SmallStore.Codes.Count - 1));
        Assert.That(copy.TryGet(4, out _), Is.False);
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Lost, Is.EqualTo(1), "the damaged store is as it was");
    }

    [Test]
    public async Task RunAsync_NameOfAStreamDamaged_KeepsItsCodes()
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        Damage(entry => entry.NamesStream && entry.Stream == SmallStore.Stream);
        SalvageReport report = await SalvageAsync();
        Assert.That((report.Ids, report.WithoutStream), Is.EqualTo(((long)SmallStore.Codes.Count, 5L)));
        await using CodeStore copy = await OpenAsync("copy");
        Assert.That(copy.GetStream("other").Last, Is.EqualTo(1UL));
        Assert.That(copy.GetStream(SmallStore.Stream).Last, Is.Zero);
    }

    [Test]
    public async Task RunAsync_SuperblockAndCommitsGone_CopiesEverything()
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        File.Delete(Path.Combine(Sub("store"), "superblock"));
        File.Delete(Path.Combine(Sub("store"), "commits"));
        await SalvageAsync();
        await using CodeStore copy = await OpenAsync("copy");
        SmallStore.AssertWhole(copy);
    }

    [Test]
    public async Task RunAsync_TargetNotEmptyOrSourceInUse_IsRefused()
    {
        await SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);
        await using (CodeStore store = await OpenAsync())
            Assert.That((await RefusalAsync(SalvageAsync)).Reason, Is.EqualTo(CodeStoreProblem.InUse));
        Directory.CreateDirectory(Sub("copy"));
        File.WriteAllText(Path.Combine(Sub("copy"), "something"), "");
        Assert.That((await RefusalAsync(SalvageAsync)).Message, Does.Contain("not empty"));
    }

    [Test]
    public async Task RunAsync_Interrupted_LeavesNoStoreAndTheNextRunBeginsAnew()
    {
        // More than one group, so that some of the copy is durable when the other half has not been read.
        const ulong records = 70_000;
        await using (CodeStore store = await OpenAsync())
        {
            for (ulong id = 0; id < records; id++)
                store.Put(Record(id, id), PutMode.Add, null);
            await DurableAsync(store, store.LastSequence);
        }
        using var stop = new CancellationTokenSource();
        CodeStoreOptions interrupted = Options(Sub("copy")) with { Committed = commit => Interrupt(commit, stop) };
        Assert.That(() => StoreSalvage.RunAsync(Sub("store"), interrupted, stop.Token).WaitAsync(Limit), Throws.InstanceOf<OperationCanceledException>());

        Assert.That((await RefusalAsync(() => OpenAsync("copy"))).Message, Does.Contain("salvage that was not finished"));
        Assert.That(() => StoreCheck.Run(Sub("copy"), CancellationToken.None), Throws.TypeOf<CodeStoreException>().With.Message.Contains("not finished"));
        using (DiskFiles.Instance.TryLock(Path.Combine(Sub("copy"), "lock")))
            Assert.That((await RefusalAsync(SalvageAsync)).Reason, Is.EqualTo(CodeStoreProblem.InUse), "another salvage is at work");
        string note = Path.Combine(Sub("copy"), "notes.txt");
        File.WriteAllText(note, "somebody's");
        Assert.That((await RefusalAsync(SalvageAsync)).Message, Does.Contain("not empty"));
        File.Delete(note);
        Assert.That(File.Exists(Path.Combine(Sub("copy"), "superblock")), Is.True, "what is there would open");

        SalvageReport report = await SalvageAsync();
        Assert.That((report.Complete, report.Ids, report.Puts), Is.EqualTo((true, (long)records, (long)records)));
        Assert.That(StoreCheck.Run(Sub("copy"), CancellationToken.None).Records, Is.EqualTo((long)records + 1));
        await using CodeStore copy = await OpenAsync("copy");
        Assert.That((copy.Count, copy.StoreId), Is.EqualTo(((long)records, report.StoreId)));
    }

    // Once puts are durable, not the identity alone.
    private static void Interrupt(CommitReport commit, CancellationTokenSource stop)
    {
        if (commit.Sequence > 1)
            stop.Cancel();
    }

    private Task<SalvageReport> SalvageAsync() => StoreSalvage.RunAsync(Sub("store"), Options(Sub("copy")), CancellationToken.None).WaitAsync(Limit);

    private JournalEntry Damage(Func<JournalEntry, bool> which)
    {
        JournalEntry victim;
        using (StoreReader reader = StoreReader.Open(Sub("store")))
            victim = reader.Walk(CancellationToken.None).OfType<JournalEntry>().First(which);
        using FileStream file = new(Path.Combine(Sub("store"), "journal", "segment.0"), FileMode.Open, FileAccess.ReadWrite);
        file.Position = victim.Address + 33;
        int value = file.ReadByte();
        file.Position = victim.Address + 33;
        file.WriteByte((byte)(value ^ 4));
        return victim;
    }
}
