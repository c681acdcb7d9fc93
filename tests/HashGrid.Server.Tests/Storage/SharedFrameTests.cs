using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Tests.Storage.Crash;

namespace HashGrid.Server.Tests.Storage;

/// <summary>Puts that wait for one commit share a frame: smaller, and everything else as if each had its own.</summary>
[Category("Durability")]
public sealed class SharedFrameTests : StoreFixture
{
    private readonly FaultyFiles _files = new("segment");

    [Test]
    public async Task Put_RecordsOfEveryShapeInSharedFrames_AreReadBackAloneAndAfterAStart()
    {
        List<(CodeRecord Record, StreamPosition? Stream)> sent = [.. Shapes(700)];
        await using (CodeStore store = await OpenGatedAsync())
        {
            await PileUpAsync(store, () =>
            {
                foreach ((CodeRecord record, StreamPosition? stream) in sent)
                    Assert.That(store.Put(record, PutMode.Upsert, stream).Outcome, Is.EqualTo(PutOutcome.Appended));
            });
            store.Settle();
            AssertHolds(store, sent);
        }
        List<JournalEntry> entries = Entries();
        Assert.That(entries.Select(entry => entry.Sequence), Is.EqualTo(Enumerable.Range(1, entries.Count).Select(n => (long)n)));
        Assert.That(entries.Select(entry => entry.Address).Distinct().Count(), Is.LessThan(entries.Count / 10));
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings, Is.Empty);
        await using CodeStore again = await OpenAsync();
        AssertHolds(again, sent);
        Assert.That(again.GetStream("a").Last, Is.EqualTo(sent.Last(item => item.Stream?.StreamId == "a").Stream!.Value.Sequence));
        foreach (long from in (long[])[1, 2, 100, 333, again.LastSequence])
            Assert.That(await FirstSequencesAsync(again, from), Is.EqualTo(new[] { from, Math.Min(from + 1, again.LastSequence) }.Distinct()));
    }

    [Test]
    public async Task Put_BareCodesOfAStream_TakeLessJournalThanOneAndAHalfTimesTheirPayload()
    {
        // id 8, code 8, stream number 1, position 2, no labels 1, no name 1
        const int payload = 21, codes = 2000;
        await using CodeStore store = await OpenGatedAsync();
        await PileUpAsync(store, () => { });
        long before = store.JournalBytes;
        await PileUpAsync(store, () =>
        {
            for (ulong position = 1; position <= codes; position++)
                store.Put(new CodeRecord(position * 0x9E3779B97F4A7C15, [position * 0xBF58476D1CE4E5B9], [], "", 0), PutMode.Add, new StreamPosition("s", position));
        });
        Assert.That(store.JournalBytes - before, Is.LessThan(codes * payload * 3 / 2));
    }

    [Test]
    public async Task Put_SameIdTwiceInOneFrame_TheLaterOneCountsNowAndAfterAStart()
    {
        await using (CodeStore store = await OpenGatedAsync())
        {
            await PileUpAsync(store, () =>
            {
                store.Put(Record(7, 1), PutMode.Upsert, null);
                store.Put(Record(7, 2), PutMode.Upsert, null);
                Assert.That(store.Put(Record(7, 1), PutMode.Add, null).Outcome, Is.EqualTo(PutOutcome.Conflict));
                store.Put(Record(8, 8), PutMode.Add, null);
            });
            store.Settle();
            Assert.That(store.TryGet(7, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(2UL));
        }
        await using CodeStore again = await OpenAsync();
        Assert.That(again.TryGet(7, out CodeRecord? found) ? found.Code[0] : 0, Is.EqualTo(2UL));
    }

    [Test]
    public async Task Put_RecordTooLongBesideSmallOnes_IsRefusedAloneAndTheOthersStay()
    {
        await using (CodeStore store = await OpenGatedAsync(pageBytes: 64 << 10))
        {
            await PileUpAsync(store, () =>
            {
                store.Put(Record(1, 1), PutMode.Add, null);
                Assert.That(() => store.Put(new CodeRecord(2, [2], [], new string('n', 70_000), 0), PutMode.Add, null), Throws.ArgumentException);
                store.Put(new CodeRecord(3, [3], [], new string('n', 20_000), 0), PutMode.Add, null);
                store.Put(Record(4, 4), PutMode.Add, null);
            });
        }
        await using CodeStore again = await CodeStore.OpenAsync(Options(Sub("store")), Model, CancellationToken.None).WaitAsync(Limit);
        Assert.That(((ulong[])[1, 2, 3, 4]).Where(id => again.TryGet(id, out _)), Is.EqualTo((ulong[])[1, 3, 4]));
    }

    [Test]
    public async Task Open_SharedFrameTornAtAnyLength_DropsItsRecordsTogetherAndKeepsThoseBefore()
    {
        var disk = new CrashDisk(new Dictionary<string, byte[]>());
        await using (CodeStore store = await OpenOnAsync(disk))
            await DurableAsync(store, store.Put(Record(1000, 1), PutMode.Add, null).Sequence);
        Dictionary<string, byte[]> small = disk.Content();
        string segment = Path.Combine(Sub("store"), "journal", "segment.0");
        // The superblock and commit record of before know nothing of what follows, as after a crash.
        (byte[] longer, int start, int end, int records) = await ContinueAsync(small, segment);
        for (int length = start; length < end - 4; length += length < start + 64 ? 1 : 37)
        {
            byte[] torn = [.. longer];
            torn.AsSpan(length).Clear();
            await using CodeStore store = await OpenOnAsync(new CrashDisk(new Dictionary<string, byte[]>(small) { [segment] = torn }));
            Assert.That(store.Count, Is.EqualTo(201 - records), $"{length - start} bytes of {end - start}");
            Assert.That(store.TryGet(1000, out _), Is.True);
        }
        await using CodeStore whole = await OpenOnAsync(new CrashDisk(new Dictionary<string, byte[]>(small) { [segment] = longer }));
        Assert.That(whole.Count, Is.EqualTo(201));
    }

    [Test]
    public async Task Open_EveryByteOfASharedFrameFlippedInTurn_IsReported()
    {
        var disk = new CrashDisk(new Dictionary<string, byte[]>());
        await using (CodeStore store = await OpenOnAsync(disk))
        {
            for (ulong id = 0; id < 20; id++)
                store.Put(Record(id, id * 3, "Mass"), PutMode.Add, new StreamPosition("s", id + 1));
            await DurableAsync(store, store.LastSequence);
        }
        Dictionary<string, byte[]> good = disk.Content();
        string segment = Path.Combine(Sub("store"), "journal", "segment.0");
        int used = good[segment].AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        for (int at = 64; at < used; at++)
        {
            byte[] bad = [.. good[segment]];
            bad[at] ^= (byte)(1 << at % 8);
            CodeStore? store = null;
            try
            {
                store = await OpenOnAsync(new CrashDisk(new Dictionary<string, byte[]>(good) { [segment] = bad }));
                // Only what fills up to the next entry lies outside of every checksum.
                Assert.That(good[segment][at], Is.Zero, $"byte {at}");
                for (ulong id = 0; id < 20; id++)
                    Assert.That(store.TryGet(id, out CodeRecord? record) ? record.Code[0] : ulong.MaxValue, Is.EqualTo(id * 3), $"byte {at}");
            }
            catch (CodeStoreException e)
            {
                Assert.That(e.Reason, Is.EqualTo(CodeStoreProblem.Damaged), $"byte {at}");
            }
            finally
            {
                if (store is not null)
                    await store.DisposeAsync();
            }
        }
    }

    // The first segment after 200 more records, and where its last frame lies, which some of them share.
    private async Task<(byte[] Segment, int Start, int End, int Records)> ContinueAsync(Dictionary<string, byte[]> small, string segment)
    {
        // A commit may end before the last record, which then is alone.
        for (int attempt = 0; attempt < 100; attempt++)
        {
            var disk = new CrashDisk(small);
            await using CodeStore store = await OpenOnAsync(disk);
            for (ulong id = 0; id < 200; id++)
                store.Put(Record(id, id), PutMode.Add, null);
            await DurableAsync(store, store.LastSequence);
            byte[] bytes = disk.Content()[segment];
            int start = 0, end = 64;
            while (end + 32 < bytes.Length && BitConverter.ToInt32(bytes, end) is var length and > 0)
                (start, end) = (end, end + 4 + ((length + 3) & ~3));
            // Behind FASTER's length and the header: how many records.
            if (bytes[start + 32] > 1)
                return (bytes, start, end, bytes[start + 32]);
            await store.DisposeAsync();
        }
        throw new AssertionException("no two of 200 records shared the last frame in 100 attempts");
    }

    /// <summary>Sends while the disk holds a commit back, so that what is sent waits together; then lets go.</summary>
    private async Task PileUpAsync(CodeStore store, Action send)
    {
        _files.SyncBegan.Reset();
        _files.SyncMayReturn.Reset();
        try
        {
            store.Put(Record(ulong.MaxValue - 1, (ulong)store.LastSequence), PutMode.Upsert, null);
            Assert.That(_files.SyncBegan.Wait(Limit), Is.True);
            send();
        }
        finally
        {
            _files.SyncMayReturn.Set();
        }
        await DurableAsync(store, store.LastSequence);
    }

    private static IEnumerable<(CodeRecord Record, StreamPosition? Stream)> Shapes(int count)
    {
        var random = new Random(20_261);
        ulong a = 0, b = 0;
        for (int i = 0; i < count; i++)
        {
            ulong id = (i % 5) switch { 0 => (ulong)random.NextInt64(), 1 => ulong.MaxValue - 10 - (ulong)i, 2 => (ulong)(count - i), _ => (ulong)(100_000 + i) };
            string[] labels = i % 3 == 0 ? ["Mass", "Ödem"] : [];
            string name = (i % 7) switch { 0 => "größe.jpg", 1 => new string('n', i), _ => "" };
            StreamPosition? stream = (i % 4) switch
            {
                0 => null,
                1 or 2 => new StreamPosition("a", a += 1 + (ulong)(i % 100 == 1 ? 1000 : 0)),
                _ => new StreamPosition("b", ++b),
            };
            yield return (new CodeRecord(id, [(ulong)random.NextInt64()], labels, name, 0), stream);
        }
    }

    private static void AssertHolds(CodeStore store, List<(CodeRecord Record, StreamPosition? Stream)> sent)
    {
        foreach ((CodeRecord record, _) in sent)
        {
            Assert.That(store.TryGet(record.Id, out CodeRecord? found), Is.True, $"id {record.Id}");
            Assert.That(found!.SameContent(record), Is.True, $"id {record.Id}");
        }
    }

    private static async Task<List<long>> FirstSequencesAsync(CodeStore store, long from)
    {
        List<long> sequences = [];
        using var limit = new CancellationTokenSource(Limit);
        await foreach (JournalRecord record in store.ReadAsync(from, limit.Token))
        {
            sequences.Add(record.Sequence);
            if (sequences.Count == 2 || record.Sequence == store.LastSequence)
                break;
        }
        return sequences;
    }

    private List<JournalEntry> Entries()
    {
        using StoreReader reader = StoreReader.Open(Sub("store"));
        return [.. reader.Walk(CancellationToken.None).OfType<JournalEntry>()];
    }

    private Task<CodeStore> OpenGatedAsync(int pageBytes = 4 << 20) => CodeStore.OpenAsync(
        Options(Sub("store")) with { Files = _files, PageBytes = pageBytes }, Model, CancellationToken.None).WaitAsync(Limit);

    private Task<CodeStore> OpenOnAsync(CrashDisk disk) => CodeStore.OpenAsync(
        Options(Sub("store")) with { Files = disk.Open(), PageBytes = 64 << 10, SegmentBytes = 64 << 10, TableBuckets = 512 }, Model, CancellationToken.None).WaitAsync(Limit);
}
