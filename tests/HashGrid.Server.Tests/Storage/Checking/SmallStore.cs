using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage.Checking;

/// <summary>A store of some twenty records of every kind, and what it must say afterwards.</summary>
internal static class SmallStore
{
    /// <summary>Codes by id, after everything.</summary>
    public static IReadOnlyDictionary<ulong, ulong> Codes { get; } = new Dictionary<ulong, ulong>
    {
        [1] = 0x1111,
        [2] = 0x2223,
        [4] = 0x4444,
        [5] = 0x5555,
        [6] = ulong.MaxValue,
        [ulong.MaxValue] = 0x7777,
    };

    /// <summary>Of the images that hold it, after everything; since format 4.</summary>
    public static IReadOnlyDictionary<ulong, ContentDigest> Digests { get; } = new Dictionary<ulong, ContentDigest>
    {
        [1] = ContentDigest.Of("one"u8),
        [2] = ContentDigest.Of("two"u8),
        [4] = ContentDigest.Of("four"u8),
        [5] = ContentDigest.Of("four"u8),
    };

    public const string Stream = "scanner-7";
    public const ulong StreamLast = 5;

    /// <summary>Writes it in two sessions, so that both slots of the superblock are in use.</summary>
    /// <returns>The journal address behind the last record.</returns>
    public static async Task<long> WriteAsync(CodeStoreOptions options, StoreModel model)
    {
        // Nothing is decided here: what is written is what is listed.
        options = options with { Duplicates = DuplicateMode.Store };
        await using (CodeStore store = await CodeStore.OpenAsync(options, model, CancellationToken.None))
        {
            store.Put(new CodeRecord(1, [0x1111], ["Effusion", "Mass"], "a.png", 0) { Digest = Digests[1] }, PutMode.Add, null);
            store.Put(new CodeRecord(2, [0x2222], [], "", 0), PutMode.Add, new StreamPosition(Stream, 1));
            store.Put(new CodeRecord(3, [0x3333], ["No Finding"], "c.png", 0) { Digest = ContentDigest.Of("three"u8) }, PutMode.Add, new StreamPosition(Stream, 2));
            store.Refuse(new StreamPosition(Stream, 3), new Refusal(3, 3, "IMAGE_NOT_AN_IMAGE", "no PNG, no JPEG") { DuplicateOf = 1 });
            store.Put(new CodeRecord(2, [0x2222], [], "", 0), PutMode.Add, new StreamPosition(Stream, 4));
            await store.WaitDurableAsync(store.LastSequence, CancellationToken.None);
        }
        await using (CodeStore store = await CodeStore.OpenAsync(options, model, CancellationToken.None))
        {
            store.Put(new CodeRecord(4, [0x4444], ["Ödem"], "größe.jpg", 0) { Digest = Digests[4] }, PutMode.Add, null);
            store.Remove(3, out _);
            store.Put(new CodeRecord(2, [0x2223], ["Nodule"], "b.png", 0) { Digest = Digests[2] }, PutMode.Upsert, new StreamPosition(Stream, StreamLast));
            store.Put(new CodeRecord(5, [0x5555], [], "", 0) { Digest = Digests[5], DuplicateOf = 4 }, PutMode.Add, new StreamPosition("other", 1));
            store.Put(new CodeRecord(6, [ulong.MaxValue], [], "", 0), PutMode.Add, null);
            store.Put(new CodeRecord(ulong.MaxValue, [0x7777], [], "last", 0), PutMode.Add, null);
            await store.WaitDurableAsync(store.LastSequence, CancellationToken.None);
            return store.JournalBytes + 64;
        }
    }

    /// <summary>Asserts that a store holds exactly what was written.</summary>
    /// <param name="store">The store.</param>
    /// <param name="message">Which one it is.</param>
    /// <param name="digests">False: written before digests were.</param>
    public static void AssertWhole(CodeStore store, string message = "", bool digests = true)
    {
        store.Settle();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(store.Count, Is.EqualTo(Codes.Count), message);
            foreach ((ulong id, ulong code) in Codes)
                Assert.That(store.TryGet(id, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(code), $"{message} id {id}");
            Assert.That(store.TryGet(3, out _), Is.False, message);
            Assert.That(store.GetStream(Stream).Last, Is.EqualTo(StreamLast), message);
            Assert.That(store.GetStream(Stream).Refusals.Select(r => r.Reason), Is.EqualTo(new[] { "IMAGE_NOT_AN_IMAGE" }), message);
            if (!digests)
                return;
            foreach (ulong id in Codes.Keys)
                Assert.That(store.TryGet(id, out CodeRecord? record) ? record.Digest : null, Is.EqualTo(Digests.TryGetValue(id, out ContentDigest known) ? known : (ContentDigest?)null), $"{message} digest of id {id}");
            Assert.That(store.TryGet(5, out CodeRecord? linked) ? linked.DuplicateOf : null, Is.EqualTo(4UL), message);
            Assert.That(store.GetStream("other").Duplicates, Is.EqualTo(new[] { new Duplicate(1, 4) }), message);
            Assert.That(store.GetStream(Stream).Refusals.Single().DuplicateOf, Is.EqualTo(1UL), message);
            if (store.Duplicates == DuplicateMode.Store)
                return;
            ulong? Holder(string content) => store.FindContent(ContentDigest.Of(System.Text.Encoding.UTF8.GetBytes(content)))?.Id;
            Assert.That(new[] { Holder("one"), Holder("two"), Holder("three"), Holder("four") }, Is.EqualTo(new ulong?[] { 1, 2, null, 4 }), message);
        }
    }
}
