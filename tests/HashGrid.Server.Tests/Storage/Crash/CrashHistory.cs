using System.Numerics;
using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Storage.Crash;

/// <summary>What was sent to a store, by sequence: the state that each prefix of the journal stands for.</summary>
internal sealed class CrashHistory
{
    private const int Ids = 24;
    private static readonly ContentDigest[] Contents = [.. Enumerable.Range(0, 6).Select(content => ContentDigest.Of([(byte)content]))];
    private static readonly string[] Streams = ["a", "b"];

    private readonly List<Change> _changes;

    public CrashHistory() => _changes = [];

    private CrashHistory(IEnumerable<Change> changes) => _changes = [.. changes];

    /// <summary>Sequence of the last change.</summary>
    public long Last => _changes.Count == 0 ? 0 : _changes[^1].Sequence;

    /// <summary>The history as a store that ends at a sequence knows it.</summary>
    public CrashHistory UpTo(long sequence) => new(_changes.TakeWhile(change => change.Sequence <= sequence));

    /// <summary>Sends puts, replacements and removes, in groups of one to six; each group is acknowledged when it is durable.</summary>
    public async Task RunAsync(CodeStore store, CrashDisk disk, int seed, int groups)
    {
        var random = new Random(seed);
        for (int group = 0; group < groups; group++)
        {
            for (int i = random.Next(1, 7); i > 0; i--)
                Send(store, random);
            await store.WaitDurableAsync(Last, CancellationToken.None).AsTask().WaitAsync(Within.Limit);
            disk.Acknowledge(Last);
        }
        // And one that nobody waits for.
        Send(store, random);
    }

    /// <summary>Asserts that a recovered store is a prefix of what was sent, no shorter than what was acknowledged, in every detail.</summary>
    /// <returns>The last sequence of the store.</returns>
    public async Task<long> AssertPrefixAsync(CodeStore store, long acknowledged, string name)
    {
        Dictionary<long, Change> bySequence = AssertState(store, acknowledged, name);
        long last = store.LastSequence;
        long next = 1;
        using var limit = new CancellationTokenSource(Within.Limit);
        await foreach (JournalRecord record in store.ReadAsync(1, limit.Token))
        {
            Assert.That(record.Sequence, Is.EqualTo(next), $"{name}: dense sequence");
            if (record.Kind is JournalRecordKind.Put or JournalRecordKind.Remove)
            {
                Change sent = bySequence[next];
                Assert.That((record.Id, record.Code.Length == 0 ? 0 : record.Code.Span[0]), Is.EqualTo((sent.Id, sent.Record?.Code[0] ?? 0)), $"{name}: journal record {next}");
            }
            if (next++ == last)
                break;
        }
        return last;
    }

    /// <summary>The same for what the store answers, whatever its journal looks like.</summary>
    /// <param name="store">The store.</param>
    /// <param name="acknowledged">It knows at least this sequence.</param>
    /// <param name="name">Which state it is.</param>
    /// <param name="compacted">Its journal may have been written anew: links of records that were replaced since are told no more.</param>
    /// <returns>The changes that the store knows, by sequence.</returns>
    public Dictionary<long, Change> AssertState(CodeStore store, long acknowledged, string name, bool compacted = false)
    {
        long last = store.LastSequence;
        Assert.That(last, Is.InRange(acknowledged, Math.Max(Last, 1)), $"{name}: sequences");
        Dictionary<ulong, CodeRecord> codes = [];
        Dictionary<string, ulong> positions = [];
        Dictionary<long, Change> bySequence = [];
        foreach (Change change in _changes.TakeWhile(change => change.Sequence <= last))
        {
            bySequence[change.Sequence] = change;
            if (change.Record is { } record)
                codes[change.Id] = record;
            else if (change.Refused is null)
                codes.Remove(change.Id);
            if (change.Stream is { } stream)
                positions[stream.StreamId] = stream.Sequence;
        }
        Assert.That(store.Count, Is.EqualTo(codes.Count), $"{name}: ids");
        for (ulong id = 0; id < Ids; id++)
        {
            store.TryGet(id, out CodeRecord? found);
            Assert.That(found?.Code[0], Is.EqualTo(codes.GetValueOrDefault(id)?.Code[0]), $"{name}: code of id {id}");
            Assert.That(found?.Name, Is.EqualTo(codes.GetValueOrDefault(id)?.Name), $"{name}: name of id {id}");
            Assert.That(found?.Digest, Is.EqualTo(codes.GetValueOrDefault(id)?.Digest), $"{name}: digest of id {id}");
            Assert.That(found?.DuplicateOf, Is.EqualTo(codes.GetValueOrDefault(id)?.DuplicateOf), $"{name}: link of id {id}");
        }
        if (store.Duplicates != DuplicateMode.Store)
        {
            foreach (ContentDigest content in Contents)
                Assert.That(store.FindContent(content)?.Id, Is.EqualTo(HolderOf(content, last)), $"{name}: holder of {content}");
        }
        foreach (string stream in Streams)
        {
            Assert.That(store.GetStream(stream).Last, Is.EqualTo(positions.GetValueOrDefault(stream)), $"{name}: stream {stream}");
            Change[] mine = [.. bySequence.Values.Where(change => change.Stream?.StreamId == stream)];
            Assert.That(
                store.GetStream(stream).Refusals.Select(refusal => (refusal.StreamSequence, refusal.DuplicateOf)),
                Is.EqualTo(mine.Where(change => change.Refused is not null).Select(change => (change.Stream!.Value.Sequence, change.Refused))), $"{name}: refusals of stream {stream}");
            IEnumerable<Duplicate> linked = mine.Where(change => change.Record?.DuplicateOf is not null).Select(change => new Duplicate(change.Stream!.Value.Sequence, change.Record!.DuplicateOf!.Value));
            Assert.That(store.GetStream(stream).Duplicates, compacted ? Is.SubsetOf(linked) : Is.EqualTo(linked), $"{name}: links of stream {stream}");
        }
        return bySequence;
    }

    /// <summary>Asserts that an index made from the recovered journal answers as a look at every code would.</summary>
    public async Task AssertIndexAsync(CodeStore store, string folder, string name)
    {
        await using IndexHost host = IndexHost.Start(store, new IndexHostOptions { Directory = folder, Width = new CodeWidth(64) });
        await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Within.Limit);
        List<Neighbor> expected = [];
        const ulong query = 0x0123_4567_89AB_CDEF;
        Dictionary<ulong, CodeRecord?> latest = [];
        foreach (Change change in _changes.TakeWhile(change => change.Sequence <= store.LastSequence).Where(change => change.Refused is null))
            latest[change.Id] = change.Record;
        foreach ((ulong id, CodeRecord? record) in latest)
        {
            if (record is not null)
                expected.Add(new Neighbor(id, BitOperations.PopCount(record.Code[0] ^ query)));
        }
        var found = new Neighbor[2 * Ids];
        int count = host.Index.NearestSearch([query], found).Count;
        Assert.That(found[..count], Is.EqualTo(expected.OrderBy(neighbor => neighbor.Distance).ThenBy(neighbor => neighbor.Id)), $"{name}: index");
    }

    private void Send(CodeStore store, Random random)
    {
        ulong id = (ulong)random.Next(Ids);
        if (random.Next(4) == 0 && store.Remove(id, out long removed))
        {
            _changes.Add(new Change(removed, id, null, null));
            return;
        }
        // Some records are long, so that pages and segments fill up and end.
        string name = random.Next(5) == 0 ? new string('n', random.Next(1000, 20_000)) : $"image {random.Next()}";
        // Some are images, of a few contents; the same content has the same code.
        int content = random.Next(2 * Contents.Length);
        var record = content < Contents.Length
            ? new CodeRecord(id, [0xC0DE_0000UL + (ulong)content], ["Mass"], name, 0) { Digest = Contents[content] }
            : new CodeRecord(id, [(ulong)random.NextInt64()], ["Mass"], name, 0);
        string stream = Streams[random.Next(Streams.Length)];
        StreamPosition? position = random.Next(2) == 0
            ? new StreamPosition(stream, _changes.LastOrDefault(change => change.Stream?.StreamId == stream)?.Stream?.Sequence + 1 ?? 1)
            : null;
        ulong? holder = store.Duplicates != DuplicateMode.Store && record.Digest is { } digest && LatestOf(id, Last)?.Digest != digest ? HolderOf(digest, Last) : null;
        PutResult put = store.Put(record, PutMode.Upsert, position, new Refusal(0, 6, "CONTENT_DUPLICATE", "-"));
        Assert.That(put.DuplicateOf, Is.EqualTo(holder), "what was decided");
        if (put.Outcome != PutOutcome.Duplicate)
            _changes.Add(new Change(put.Sequence, id, record with { DuplicateOf = holder }, position));
        else if (position is not null)
            _changes.Add(new Change(put.Sequence, id, null, position, Refused: holder));
    }

    private CodeRecord? LatestOf(ulong id, long upTo) =>
        _changes.LastOrDefault(change => change.Id == id && change.Sequence <= upTo && change.Refused is null)?.Record;

    // The id whose present record is the oldest of those with the content.
    private ulong? HolderOf(ContentDigest content, long upTo) => _changes
        .Where(change => change.Sequence <= upTo && change.Record?.Digest == content && ReferenceEquals(LatestOf(change.Id, upTo), change.Record))
        .MinBy(change => change.Sequence)?.Id;

    /// <param name="Sequence">Of the journal.</param>
    /// <param name="Id">What was put, removed or refused.</param>
    /// <param name="Record">Null for a remove or a refusal.</param>
    /// <param name="Stream">Null outside of streams.</param>
    /// <param name="Refused">The id that held the content already; null for what was not refused.</param>
    internal sealed record Change(long Sequence, ulong Id, CodeRecord? Record, StreamPosition? Stream, ulong? Refused = null);
}
