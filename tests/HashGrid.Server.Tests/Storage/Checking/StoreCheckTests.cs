using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.Server.Tests.Storage.Checking;

[Category("Durability")]
public sealed class StoreCheckTests : StoreFixture
{
    [Test]
    public async Task Run_WholeStore_IsCleanAndCounts()
    {
        long end = await WriteAsync();
        Dictionary<string, byte[]> before = Files();
        StoreCheckReport report = Check();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Findings, Is.Empty);
            Assert.That(report.Clean && report.ClosedCleanly && !report.InUse, Is.True);
            Assert.That(report.DurableAddress, Is.EqualTo(end));
            Assert.That(report.Counts[JournalRecordKind.Put], Is.EqualTo(8));
            Assert.That(report.Counts[JournalRecordKind.Remove], Is.EqualTo(1));
            Assert.That(report.Records, Is.EqualTo(report.DurableSequence));
            Assert.That(report.Model, Is.EqualTo(Model));
            Assert.That(Files(), Is.EqualTo(before), "a check changes nothing");
        }
    }

    [Test]
    public async Task Run_EveryByteOfTheJournalFlippedInTurn_IsReportedAtItsPlace()
    {
        long end = await WriteAsync();
        byte[] good = File.ReadAllBytes(Segment);
        List<JournalEntry> entries = Entries();
        for (long at = 64; at < end; at++)
        {
            byte[] bad = [.. good];
            bad[at] ^= (byte)(1 << (int)(at % 8));
            File.WriteAllBytes(Segment, bad);
            StoreCheckReport report = Check();
            // The records of one frame live and fall together.
            JournalEntry[] hit = [.. entries.Where(entry => entry.Address == entries.Last(entry => entry.Address <= at).Address)];
            Assert.That(report.Clean, Is.False, $"byte {at}");
            StoreFinding first = report.Findings.First(finding => finding.Severity == FindingSeverity.Damage);
            Assert.That(first.Offset, Is.InRange(hit[0].Address, at), $"byte {at}: {first}");
            Assert.That(report.Lost, Is.Zero.Or.EqualTo(hit.Length), $"byte {at}");
            if (report.Lost > 0)
                Assert.That(report.Findings.Single(finding => finding.Lost > 0).FirstLost, Is.EqualTo(hit[0].Sequence), $"byte {at}");
        }
    }

    [Test]
    public async Task Run_TwoDamagedPlaces_ReportsBothAndReadsWhatLiesBetween()
    {
        await WriteAsync();
        JournalEntry[][] frames = [.. Entries().GroupBy(entry => entry.Address).Select(frame => frame.ToArray())];
        JournalEntry[] first = frames[3], second = frames[^4], third = frames[^3];
        foreach (JournalEntry[] frame in (JournalEntry[][])[first, second, third])
            Flip(Segment, frame[0].Address + 20);
        StoreCheckReport report = Check();
        Assert.That(
            report.Findings.Select(finding => (finding.FirstLost, finding.LastLost)),
            Is.EqualTo(new[] { (first[0].Sequence, first[^1].Sequence), (second[0].Sequence, third[^1].Sequence) }));
        Assert.That(report.Records, Is.EqualTo(frames.Sum(frame => frame.Length) - first.Length - second.Length - third.Length));
    }

    [Test]
    public async Task Run_LastRecordsCutOff_SaysHowManyAreLost()
    {
        await WriteAsync();
        List<JournalEntry> entries = Entries();
        JournalEntry cut = entries.First(entry => entry.Address == entries[^3].Address);
        using (FileStream file = File.OpenWrite(Segment))
            file.SetLength(cut.Address + 10);
        StoreCheckReport report = Check();
        StoreFinding lost = report.Findings.Single(finding => finding.Severity == FindingSeverity.Damage);
        Assert.That((lost.FirstLost, lost.LastLost), Is.EqualTo((cut.Sequence, entries[^1].Sequence)));
    }

    [TestCase("superblock", true)]
    [TestCase("commits", false)]
    public async Task Run_SlotFileMissing_StillReadsEveryRecord(string name, bool damage)
    {
        await WriteAsync();
        File.Delete(Path.Combine(Sub("store"), name));
        StoreCheckReport report = Check();
        Assert.That(report.Findings.Single().File, Is.EqualTo(name));
        Assert.That(report.Clean, Is.EqualTo(!damage));
        Assert.That(report.Counts[JournalRecordKind.Put], Is.EqualTo(8));
    }

    [Test]
    public async Task Run_BothSlotFilesGone_StillReadsEveryRecord()
    {
        await WriteAsync();
        File.Delete(Path.Combine(Sub("store"), "superblock"));
        File.Delete(Path.Combine(Sub("store"), "commits"));
        StoreCheckReport report = Check();
        Assert.That(report.Clean, Is.False);
        Assert.That(report.Counts[JournalRecordKind.Put], Is.EqualTo(8));
        Assert.That(report.Model, Is.EqualTo(Model));
    }

    [Test]
    public async Task Run_JournalGone_SaysThatEverythingIsLost()
    {
        await WriteAsync();
        File.Delete(Segment);
        StoreCheckReport report = Check();
        Assert.That(report.Findings.Select(finding => finding.Message), Has.Some.Contains("missing"));
        Assert.That(report.Lost, Is.EqualTo(report.DurableSequence));
    }

    [Test]
    public async Task Run_UnfinishedWriteBehindTheTail_IsANote()
    {
        long end = await WriteAsync();
        using (FileStream file = File.OpenWrite(Segment))
        {
            file.Position = end;
            file.Write([60, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x48, 0x47, 2, 60, 0, 0]);
        }
        StoreCheckReport report = Check();
        Assert.That(report.Clean, Is.True);
        Assert.That(report.Findings.Single().Message, Does.Contain("unfinished"));
    }

    [Test]
    public async Task Run_WhileAServerOwnsTheStore_ReadsWhatIsAcknowledged()
    {
        await using CodeStore store = await OpenAsync();
        PutResult put = store.Put(Record(1, 1), PutMode.Add, null);
        await DurableAsync(store, put.Sequence);
        StoreCheckReport report = Check();
        Assert.That((report.InUse, report.Clean, report.Counts[JournalRecordKind.Put]), Is.EqualTo((true, true, 1L)));
    }

    [Test]
    [Platform(Exclude = "Win")]
    public async Task Run_SnapshotGoneAfterItWasListed_IsPassedOver()
    {
        await WriteAsync();
        // In the list of the folder's files, and not there when it is opened: as one that a running server has just replaced.
        Directory.CreateDirectory(Path.Combine(Sub("store"), "index"));
        File.CreateSymbolicLink(Path.Combine(Sub("store"), "index", "gone.index"), Sub("nowhere"));
        Assert.That(Check().Findings, Is.Empty);
    }

    [Test]
    [Platform(Exclude = "Win")]
    public async Task Run_SnapshotThatCanNotBeRead_IsAFinding()
    {
        await WriteAsync();
        Directory.CreateDirectory(Path.Combine(Sub("store"), "index"));
        string circle = Path.Combine(Sub("store"), "index", "circle.index");
        File.CreateSymbolicLink(circle, circle);
        StoreFinding finding = Check().Findings.Single();
        Assert.That((finding.File, finding.Severity), Is.EqualTo(("index/circle.index", FindingSeverity.Damage)));
        Assert.That(finding.Message, Does.Contain("nothing is lost"));
    }

    [Test]
    public void Run_NoStore_SaysSo()
    {
        CodeStoreException? e = Assert.Throws<CodeStoreException>(() => Check());
        Assert.That(e?.Reason, Is.EqualTo(CodeStoreProblem.NotFound));
    }

    private string Segment => Path.Combine(Sub("store"), "journal", "segment.0");

    private Task<long> WriteAsync() => SmallStore.WriteAsync(Options(Sub("store")), Model).WaitAsync(Limit);

    private StoreCheckReport Check() => StoreCheck.Run(Sub("store"), CancellationToken.None);

    private List<JournalEntry> Entries()
    {
        using StoreReader reader = StoreReader.Open(Sub("store"));
        return [.. reader.Walk(CancellationToken.None).OfType<JournalEntry>()];
    }

    private Dictionary<string, byte[]> Files() =>
        Directory.EnumerateFiles(Sub("store"), "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllBytes);

    private static void Flip(string path, long at)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[at] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
