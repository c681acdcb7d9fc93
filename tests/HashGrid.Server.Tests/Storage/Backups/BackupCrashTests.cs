using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Tests.Storage.Crash;

namespace HashGrid.Server.Tests.Storage.Backups;

/// <summary>Power cuts between all writes of three backups into one folder: a new one, one that continues, one of a compacted store.</summary>
[Category("Durability")]
public sealed class BackupCrashTests : BackupFixture
{
    [Test]
    public async Task RunAsync_PowerCutAtAnyMoment_CopyIsAnEarlierStateAndTheNextRunFinishes()
    {
        var disk = new CrashDisk(new Dictionary<string, byte[]>());
        List<long> ends = [];
        await WriteAsync("store", 1, 12);
        ends.Add((await BackupAsync(files: disk.Open())).LastSequence);
        await WriteAsync("store", 5, 20, factor: 9);
        ends.Add((await BackupAsync(files: disk.Open())).LastSequence);
        await CompactAsync("store");
        BackupReport last = await BackupAsync(files: disk.Open());
        ends.Add(last.LastSequence);

        int unfinished = 0, earlier = 0, whole = 0;
        for (int seed = 1; seed <= 2; seed++)
        {
            foreach ((Dictionary<string, byte[]> state, _, string name) in CrashStates.Enumerate(disk, seed).Take(400))
            {
                // The folders are real, the files are not: only what a server makes would be in the way.
                DeleteView("table");
                var crashed = new CrashDisk(state);
                try
                {
                    // An empty folder would become a new store.
                    if (!state.Keys.Any(path => Path.GetFileName(path).StartsWith("superblock", StringComparison.Ordinal)))
                        throw new CodeStoreException(CodeStoreProblem.NotFound, "empty");
                    await using CodeStore store = await OpenSmallAsync("backup", new CrashDisk(state).Open());
                    // A copy in the making only grows behind its recorded end, so what is opened may lie between two backups.
                    Assert.That(store.LastSequence, Is.InRange(ends[0], ends[^1]), name);
                    _ = store.LastSequence == ends[^1] ? whole++ : earlier++;
                }
                catch (CodeStoreException e) when (e.Reason == CodeStoreProblem.NotFound)
                {
                    unfinished++;
                }
                DeleteView("table");
                BackupReport report = await BackupAsync(files: crashed.Open());
                Assert.That((report.LastSequence, report.JournalBytes), Is.EqualTo((last.LastSequence, last.JournalBytes)), name);
                await using CodeStore again = await OpenSmallAsync("backup", crashed.Open());
                Assert.That((again.Count, again.LastSequence), Is.EqualTo((20L, ends[^1])), name);
                for (ulong id = 1; id <= 20; id++)
                    Assert.That(again.TryGet(id, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(id * (id < 5 ? 7UL : 9UL)), name);
            }
        }
        Assert.That(Math.Min(unfinished, Math.Min(earlier, whole)), Is.GreaterThan(10), $"{unfinished} unfinished, {earlier} earlier, {whole} whole");
        await AssertSourceIsUntouchedAsync();
    }

    [Test]
    public async Task RunAsync_SegmentMadeByAKilledRun_ItsNameIsDurableBeforeTheCopyIsCalledWhole()
    {
        var disk = new CrashDisk(new Dictionary<string, byte[]>());
        await WriteAsync("store", 1, 12);
        await BackupAsync(files: disk.Open());
        // Killed between making the next segment and syncing its folder: the next run finds the name in the page cache alone.
        disk.Open().Open(Path.Combine(Sub("backup"), "journal", "segment.1"), create: true).Dispose();
        await WriteAsync("store", 13, 400);
        BackupReport report = await BackupAsync(files: disk.Open());
        Assert.That(report.Continued, Is.True);
        // A third one would sync the folder for itself.
        Assert.That(report.JournalBytes, Is.InRange(128 << 10, 256 << 10), "the copy ends in the second segment");

        Dictionary<string, byte[]> state = new CrashPoint(disk, disk.Events()).State(_ => false);
        await using CodeStore store = await OpenSmallAsync("backup", new CrashDisk(state).Open());
        Assert.That((store.Count, store.LastSequence), Is.EqualTo((400L, report.LastSequence)));
    }

    private async Task AssertSourceIsUntouchedAsync()
    {
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings, Is.Empty);
        await using CodeStore store = await OpenSmallAsync("store");
        Assert.That(store.Count, Is.EqualTo(20));
    }

    private void DeleteView(string name)
    {
        if (Directory.Exists(Path.Combine(Sub("backup"), name)))
            Directory.Delete(Path.Combine(Sub("backup"), name), recursive: true);
    }
}
