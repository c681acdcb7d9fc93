using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Table;

namespace HashGrid.Server.Tests.Storage;

public sealed class DigestTableTests
{
    [TestCase(1, 40, 6)]
    [TestCase(2, 3000, 5000)]
    [TestCase(3, 300, 40)]
    public void Find_AfterAnyChanges_IsTheOldestRecordThatHoldsTheContent(int seed, int ids, int contents)
    {
        var random = new Random(seed);
        var table = new DigestTable();
        Dictionary<ulong, CodeRecord> latest = [];
        for (long sequence = 1; sequence <= 30_000; sequence++)
        {
            ulong id = (ulong)random.Next(ids);
            CodeRecord? old = latest.GetValueOrDefault(id);
            // What is not forgotten must be dropped when it is met: after a start nobody knows which records were replaced.
            if (old?.Digest is { } replaced && random.Next(2) == 0)
                table.Forget(replaced, id, old.Sequence);
            if (random.Next(4) == 0)
            {
                latest.Remove(id);
            }
            else
            {
                ContentDigest digest = Content(random.Next(contents));
                latest[id] = new CodeRecord(id, [], [], "", sequence) { Digest = digest };
                table.Add(digest, id, sequence);
            }
            if (sequence % 7 == 0)
            {
                ContentDigest asked = Content(random.Next(contents));
                Assert.That(table.Find(asked, latest.GetValueOrDefault)?.Id, Is.EqualTo(Oldest(latest, asked)), $"sequence {sequence}");
            }
        }
        for (int content = 0; content < contents; content++)
            Assert.That(table.Find(Content(content), latest.GetValueOrDefault)?.Id, Is.EqualTo(Oldest(latest, Content(content))));
    }

    [Test]
    public void Find_DigestsThatShareTheirTag_AreToldApartByTheRecord()
    {
        ContentDigest first = WithTag(7, 1), second = WithTag(7, 2), third = WithTag(7, 3);
        var table = new DigestTable();
        Dictionary<ulong, CodeRecord> latest = [];
        foreach ((ulong id, ContentDigest digest) in ((ulong, ContentDigest)[])[(10, first), (20, second), (21, second)])
        {
            latest[id] = new CodeRecord(id, [], [], "", (long)id) { Digest = digest };
            table.Add(digest, id, (long)id);
        }
        Assert.That((Find(first), Find(second), Find(third)), Is.EqualTo(((ulong?)10, (ulong?)20, (ulong?)null)));
        latest.Remove(20);
        Assert.That((Find(first), Find(second), table.Count), Is.EqualTo(((ulong?)10, (ulong?)21, 2L)));
        latest.Remove(10);
        table.Forget(second, 21, 21);
        Assert.That((Find(first), Find(second), table.Count), Is.EqualTo(((ulong?)null, (ulong?)null, 0L)));

        ulong? Find(ContentDigest digest) => table.Find(digest, latest.GetValueOrDefault)?.Id;
    }

    [Test]
    public void Add_ManyImages_TakesNoMoreMemoryThanTheDocumentsSay()
    {
        var table = new DigestTable();
        for (int i = 0; i < 1_000_000; i++)
            table.Add(Content(i), (ulong)i, i + 1);
        Assert.That((double)table.MemoryBytes / table.Count, Is.InRange(25, 31));
        // An hourly purge gives its entries back to those that follow.
        for (int i = 0; i < 500_000; i++)
            table.Forget(Content(i), (ulong)i, i + 1);
        long before = table.MemoryBytes;
        for (int i = 1_000_000; i < 1_500_000; i++)
            table.Add(Content(i), (ulong)i, i + 1);
        Assert.That((table.MemoryBytes, table.Count), Is.EqualTo((before, 1_000_000L)));
    }

    [Test]
    public void Forget_OneContentUnderVeryManyIds_NeverTakesLong()
    {
        const int count = 100_000;
        var table = new DigestTable();
        Dictionary<ulong, CodeRecord> latest = [];
        for (int i = 0; i < count; i++)
        {
            latest[(ulong)i] = new CodeRecord((ulong)i, [], [], "", i + 1) { Digest = Content(1) };
            table.Add(Content(1), (ulong)i, i + 1);
        }
        // The youngest first: the entry is at the far end of its ring, is left to the next search, and that one drops each entry once.
        int asked = 0;
        for (int i = count - 1; i > 0; i--)
        {
            latest.Remove((ulong)i);
            table.Forget(Content(1), (ulong)i, i + 1);
            Assert.That(table.Find(Content(1), id => { asked++; return latest.GetValueOrDefault(id); })?.Id, Is.Zero);
        }
        latest.Remove(0);
        Assert.That(table.Find(Content(1), id => { asked++; return latest.GetValueOrDefault(id); }), Is.Null);
        Assert.That(table.Count, Is.Zero);
        Assert.That(asked, Is.InRange(count, 2 * count));
    }

    private static ContentDigest Content(int number) => ContentDigest.Of(BitConverter.GetBytes(number));

    private static ContentDigest WithTag(byte tag, byte rest)
    {
        byte[] bytes = new byte[ContentDigest.Bytes];
        (bytes[0], bytes[15]) = (tag, rest);
        return new ContentDigest(bytes);
    }

    private static ulong? Oldest(Dictionary<ulong, CodeRecord> latest, ContentDigest digest) =>
        latest.Values.Where(record => record.Digest == digest).MinBy(record => record.Sequence)?.Id;
}
