using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.Server.Tests.Storage.Checking;

/// <summary>Sectors that the disk can not read: each tool says where, and goes on with everything else.</summary>
[Category("Durability")]
public sealed class UnreadableDiskTests : StoreFixture
{
    private const int Groups = 60, GroupSize = 10;
    private const long From = 20_480, To = 28_672;

    private readonly FaultyFiles _files = new("segment.0");

    [SetUp]
    public Task Write()
    {
        _files.Heal();
        return WriteAsync();
    }

    [Test]
    public void Check_SectorsInMidJournal_NamesThemAndTheRecordsThatTheyTook()
    {
        JournalEntry[] lost = Hit();
        FailReads();
        StoreCheckReport report = StoreCheck.Run(Sub("store"), _files, CancellationToken.None);
        StoreFinding[] damage = [.. report.Findings.Where(finding => finding.Severity == FindingSeverity.Damage)];
        Assert.That(damage.Select(finding => (finding.File, finding.Offset, finding.UnreadableBytes, finding.FirstLost, finding.LastLost)), Is.EqualTo(new[]
        {
            ("journal/segment.0", From, To - From, 0L, 0L), ("journal/segment.0", lost[0].Address, 0L, lost[0].Sequence, lost[^1].Sequence),
        }));
        Assert.That(damage[0].Message, Does.Contain("Input/output error"));
        Assert.That(damage[1].Message, Does.StartWith("the disk can not read all of it; records"));
        Assert.That((report.Lost, report.Records), Is.EqualTo((lost.Length, report.DurableSequence - lost.Length)));
    }

    [Test]
    public void Walk_SectorsInMidJournal_GivesEveryOtherRecordInOrder()
    {
        List<JournalEntry> all = Entries();
        JournalEntry[] lost = Hit();
        FailReads();
        Assert.That(Entries().Select(entry => entry.Sequence), Is.EqualTo(all.Select(entry => entry.Sequence).Except(lost.Select(entry => entry.Sequence))));
    }

    [Test]
    public async Task Salvage_SectorsInMidJournal_SavesEverythingElse()
    {
        JournalEntry[] lost = Hit();
        FailReads();
        SalvageReport report = await StoreSalvage.RunAsync(Sub("store"), _files, Options(Sub("copy")), CancellationToken.None).WaitAsync(Limit);
        Assert.That((report.Complete, report.Lost, report.Ids), Is.EqualTo((false, (long)lost.Length, Groups * GroupSize - (long)lost.Length)));
        await using CodeStore copy = await OpenAsync("copy");
        for (ulong id = 0; id < Groups * GroupSize; id++)
            Assert.That(copy.TryGet(id, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(lost.Any(entry => entry.Id == id) ? 0 : id * 7 + 1), $"id {id}");
    }

    [Test]
    public void Check_SectorsBehindTheTail_AreTold()
    {
        // An acknowledged record may lie there: only a readable sector tells that none does.
        long behind = (StoreCheck.Run(Sub("store"), CancellationToken.None).DurableAddress / 4096 + 2) * 4096;
        FailReads(behind, behind + 4096);
        StoreCheckReport report = StoreCheck.Run(Sub("store"), _files, CancellationToken.None);
        Assert.That((report.Findings.Single().Offset, report.Findings.Single().UnreadableBytes, report.Lost), Is.EqualTo((behind, 4096L, 0L)));
        Assert.That(report.Clean, Is.False);
    }

    [TestCase("superblock", 0)]
    [TestCase("superblock", 4096)]
    [TestCase("commits", 0)]
    [TestCase("commits", 4096)]
    public void Check_SlotThatCanNotBeRead_IsTheOnlyDamage(string file, long offset)
    {
        var files = new FaultyFiles(file);
        files.FailReads(offset, offset + 4096, new IOException("Input/output error", 5));
        StoreCheckReport report = StoreCheck.Run(Sub("store"), files, CancellationToken.None);
        StoreFinding finding = report.Findings.Single(found => found.Severity == FindingSeverity.Damage);
        Assert.That((finding.File, finding.Offset, finding.UnreadableBytes), Is.EqualTo((file, offset, 4096L)));
        Assert.That(report.Records, Is.EqualTo(Groups * GroupSize + 1));
    }

    private async Task WriteAsync()
    {
        // What is reserved reads as zeros, as behind the tail of a real store.
        await using CodeStore store = await CodeStore.OpenAsync(Options(Sub("store")) with { ReserveBytes = 1 << 20 }, Model, CancellationToken.None).WaitAsync(Limit);
        for (ulong id = 0; id < Groups * GroupSize; id++)
        {
            store.Put(new CodeRecord(id, [id * 7 + 1], [], new string('n', 80), 0), PutMode.Add, null);
            if (id % GroupSize == GroupSize - 1)
                await DurableAsync(store, store.LastSequence);
        }
    }

    private void FailReads(long from = From, long to = To) => _files.FailReads(from, to, new IOException("Input/output error", 5));

    /// <summary>The records whose frames touch the bad sectors.</summary>
    private JournalEntry[] Hit()
    {
        List<JournalEntry> all = Entries();
        long[] frames = [.. all.Select(entry => entry.Address).Distinct()];
        HashSet<long> hit = [.. frames.Zip(frames.Skip(1)).Where(pair => pair.First < To && pair.Second > From).Select(pair => pair.First)];
        JournalEntry[] lost = [.. all.Where(entry => hit.Contains(entry.Address))];
        Assert.That(lost, Has.Length.GreaterThan(20).And.Length.LessThan(400), "the bad sectors are in the middle");
        return lost;
    }

    private List<JournalEntry> Entries()
    {
        using StoreReader reader = StoreReader.Open(Sub("store"), _files);
        return [.. reader.Walk(CancellationToken.None).OfType<JournalEntry>()];
    }
}
