using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Storage;

namespace HashGrid.Server.Tests.Indexing;

public sealed class IndexHostTests : StoreFixture
{
    [Test]
    public async Task WaitApplied_AfterPutAndRemove_SearchSeesThem()
    {
        await using CodeStore store = await OpenAsync();
        await using IndexHost host = Start(store);
        await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
        store.Put(Record(1, 0b1111), PutMode.Add, null);
        long last = store.Put(Record(2, 0b0001), PutMode.Add, null).Sequence;
        await host.WaitAppliedAsync(last, CancellationToken.None).AsTask().WaitAsync(Limit);
        Assert.That(Nearest(host, 0), Is.EqualTo(new[] { new Neighbor(2, 1), new Neighbor(1, 4) }));

        store.Remove(2, out last);
        await host.WaitAppliedAsync(last, CancellationToken.None).AsTask().WaitAsync(Limit);
        Assert.That(Nearest(host, 0), Is.EqualTo(new[] { new Neighbor(1, 4) }));
    }

    [Test]
    public async Task Follow_QuietAfterALoad_NoCodeIsLeftToTheScan()
    {
        await using CodeStore store = await OpenAsync();
        await using IndexHost host = IndexHost.Start(store, new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64), QuietAfter = TimeSpan.FromMilliseconds(20) });
        Fill(store, 0, 20_000);
        await host.WaitAppliedAsync(store.LastSequence, CancellationToken.None).AsTask().WaitAsync(Limit);
        var limit = new CancellationTokenSource(Limit);
        // A segment of its own for what was added, and an empty one for what comes.
        while (host.Index.SegmentCount < 2)
            await Task.Delay(5, limit.Token);
        Assert.That(Nearest(host, 12345), Is.Not.Empty);
    }

    [Test]
    public async Task Start_WithAndWithoutSnapshot_AnswersAlike()
    {
        Neighbor[] before;
        await using (CodeStore store = await OpenAsync())
        await using (IndexHost host = Start(store))
        {
            Fill(store, 0, 500);
            await host.WaitAppliedAsync(store.LastSequence, CancellationToken.None).AsTask().WaitAsync(Limit);
            SnapshotInfo info = await host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit);
            Assert.That(info.Sequence, Is.EqualTo(store.LastSequence));
            Assert.That(info.Bytes, Is.GreaterThan(500 * 8));
            Assert.That(host.ChangesSinceSnapshot, Is.Zero);
            Fill(store, 500, 100);
            await host.WaitAppliedAsync(store.LastSequence, CancellationToken.None).AsTask().WaitAsync(Limit);
            Assert.That(host.ChangesSinceSnapshot, Is.EqualTo(100));
            before = Nearest(host, 12345);
        }

        await using (CodeStore store = await OpenAsync())
        {
            await using (IndexHost host = Start(store))
            {
                Assert.That(host.SnapshotSequence, Is.GreaterThan(0));
                await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
                Assert.That(Nearest(host, 12345), Is.EqualTo(before));
            }
            // A damaged snapshot costs time, never an answer.
            foreach (string path in Directory.EnumerateFiles(Sub("index")))
                File.WriteAllBytes(path, File.ReadAllBytes(path).Select((b, i) => i == 100 ? (byte)(b ^ 1) : b).ToArray());
            await using (IndexHost host = Start(store))
            {
                Assert.That(host.SnapshotSequence, Is.Zero);
                await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
                Assert.That(Nearest(host, 12345), Is.EqualTo(before));
            }
        }
    }

    [Test]
    public async Task Snapshot_WhileChangesGoOn_StartsWithTheSameCodesAsTheStore()
    {
        await using (CodeStore store = await OpenAsync())
        await using (IndexHost host = Start(store))
        {
            using var stop = new CancellationTokenSource();
            Task writing = Task.Run(() =>
            {
                var random = new Random(3);
                while (!stop.IsCancellationRequested)
                {
                    ulong id = (ulong)random.Next(300);
                    if (random.Next(3) == 0)
                        store.Remove(id, out _);
                    else
                        store.Put(Record(id, (ulong)random.NextInt64()), PutMode.Upsert, null);
                }
            });
            for (int i = 0; i < 5; i++)
            {
                long wanted = store.LastSequence + 200;
                await host.WaitAppliedAsync(wanted, CancellationToken.None).AsTask().WaitAsync(Limit);
                SnapshotInfo snapshot = await host.SnapshotAsync(inBackground: true, CancellationToken.None).WaitAsync(Limit);
                Assert.That(snapshot.Sequence, Is.GreaterThanOrEqualTo(wanted));
            }
            await stop.CancelAsync();
            await writing.WaitAsync(Limit);
        }
        await using CodeStore again = await OpenAsync();
        await using IndexHost opened = Start(again);
        await opened.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
        Assert.That(opened.SnapshotSequence, Is.GreaterThan(0).And.LessThanOrEqualTo(again.DurableSequence));
        List<Neighbor> expected = [];
        for (ulong id = 0; id < 300; id++)
        {
            if (again.TryGet(id, out CodeRecord? record))
                expected.Add(new Neighbor(id, System.Numerics.BitOperations.PopCount(record.Code[0])));
        }
        var found = new Neighbor[400];
        int count = opened.Index.NearestSearch([0], found).Count;
        Assert.That(found[..count], Is.EqualTo(expected.OrderBy(neighbor => neighbor.Distance).ThenBy(neighbor => neighbor.Id)));
    }

    private IndexHost Start(CodeStore store) =>
        IndexHost.Start(store, new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64) });

    private static void Fill(CodeStore store, int from, int count)
    {
        for (int i = from; i < from + count; i++)
            store.Put(Record((ulong)i, (ulong)i * 0x9E3779B97F4A7C15), PutMode.Add, null);
    }

    private static Neighbor[] Nearest(IndexHost host, ulong query)
    {
        var found = new Neighbor[10];
        return found[..host.Index.NearestSearch([query], found).Count];
    }
}
