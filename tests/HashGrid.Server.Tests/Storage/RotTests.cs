using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Storage.Checking;
using HashGrid.Server.Tests.Storage.Crash;

namespace HashGrid.Server.Tests.Storage;

/// <summary>Every byte of a small store is flipped in turn: the store says so, or answers as if nothing had happened. Never a wrong answer.</summary>
[Category("Durability")]
public sealed class RotTests : StoreFixture
{
    private CodeStoreOptions Small => Options(Sub("store")) with { PageBytes = 64 << 10, SegmentBytes = 64 << 10, TableBuckets = 512, Duplicates = DuplicateMode.Link };

    [TestCase("journal/segment.0", false)]
    [TestCase("superblock", true)]
    [TestCase("commits", true)]
    public async Task Open_EveryByteFlippedInTurn_IsReportedOrHarmless(string name, bool slots)
    {
        // In memory, so that a thousand starts take seconds.
        var disk = new CrashDisk(new Dictionary<string, byte[]>());
        long end = await SmallStore.WriteAsync(Small with { Files = disk.Open() }, Model).WaitAsync(Limit);
        Dictionary<string, byte[]> good = disk.Content();
        string target = Path.Combine(Sub("store"), name);
        int reported = 0, harmless = 0;
        for (int at = 0; at < good[target].Length; at++)
        {
            // A slot is read up to the end of its payload; of the zeros behind it a sample is enough.
            if (slots && at % 4096 > 300 && at % 251 != 0)
                continue;
            byte[] bad = [.. good[target]];
            bad[at] ^= (byte)(1 << at % 8);
            var rotten = new CrashDisk(new Dictionary<string, byte[]>(good) { [target] = bad });
            try
            {
                await using CodeStore store = await CodeStore.OpenAsync(Small with { Files = rotten.Open() }, Model, CancellationToken.None).WaitAsync(Limit);
                SmallStore.AssertWhole(store, $"{name} byte {at}");
                harmless++;
            }
            catch (CodeStoreException e)
            {
                Assert.That(e.Reason, Is.EqualTo(CodeStoreProblem.Damaged), $"{name} byte {at}: {e.Message}");
                reported++;
            }
        }
        // One flip never takes both slots; in the journal only what lies outside of the frames may go unnoticed.
        Assert.That(reported, slots ? Is.Zero : Is.GreaterThan((end - 64) * 9 / 10));
        Assert.That(harmless, Is.GreaterThan(0));
    }

    [Test]
    public async Task IndexHost_EveryByteOfTheSnapshotFlippedInTurn_AnswersFromTheJournal()
    {
        await SmallStore.WriteAsync(Small, Model).WaitAsync(Limit);
        await using CodeStore store = await CodeStore.OpenAsync(Small, Model, CancellationToken.None).WaitAsync(Limit);
        var options = new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64) };
        await using (IndexHost host = IndexHost.Start(store, options))
        {
            await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
            await host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit);
        }
        string path = Directory.GetFiles(Sub("index")).Single();
        byte[] good = File.ReadAllBytes(path);
        int passedOver = 0;
        for (int at = 0; at < good.Length; at += good.Length > 4000 ? 5 : 1)
        {
            byte[] bad = [.. good];
            bad[at] ^= (byte)(1 << at % 8);
            File.WriteAllBytes(path, bad);
            await using IndexHost host = IndexHost.Start(store, options);
            await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
            if (host.SnapshotSequence == 0)
                passedOver++;
            Assert.That(host.Index.Count, Is.EqualTo(SmallStore.Codes.Count), $"byte {at}");
            foreach ((ulong id, ulong code) in SmallStore.Codes)
            {
                var nearest = new Neighbor[1];
                host.Index.NearestSearch([code], nearest);
                Assert.That((nearest[0].Id, nearest[0].Distance), Is.EqualTo((id, 0)), $"byte {at}");
            }
        }
        Assert.That(passedOver, Is.GreaterThan(10));
    }
}
