using System.Buffers.Binary;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Tests.Storage.Checking;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Storage;

/// <summary>Stores that earlier builds wrote, one folder a format: every later build opens them.</summary>
[Category("Durability")]
public sealed class GoldenTests : StoreFixture
{
    private static string Golden(string format) => Repository.PathOf("tests", "HashGrid.Server.Tests", "Storage", "Golden", format);

    [TestCase("format-1")]
    [TestCase("format-2")]
    [TestCase("format-3")]
    [TestCase("format-4")]
    public async Task Open_StoreOfAnEarlierBuild_HoldsWhatItHeldThen(string format)
    {
        CopyGolden(format);
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings, Is.Empty);
        await using (CodeStore store = await OpenAsync())
        {
            SmallStore.AssertWhole(store, format, digests: format == "format-4");
            await DurableAsync(store, store.Put(Record(1000, 5), PutMode.Add, null).Sequence);
        }
        await using CodeStore again = await OpenAsync();
        Assert.That(again.Count, Is.EqualTo(SmallStore.Codes.Count + 1));
    }

    [TestCase("format-1", 1, 3)]
    [TestCase("format-2", 2, 3)]
    [TestCase("format-3", 3, 3)]
    [TestCase("format-4", 4, 4)]
    public async Task Put_StoreOfAnEarlierFormat_TakesANewerOneWithTheFirstPutThatNeedsItAndNotBefore(string format, int number, int afterBareCode)
    {
        CopyGolden(format);
        await using (CodeStore store = await OpenAsync())
        {
            store.Remove(1, out long removed);
            await DurableAsync(store, removed);
        }
        Assert.That(NewestFormat(), Is.EqualTo(number));
        await using (CodeStore store = await OpenAsync())
            await DurableAsync(store, store.Put(Record(1000, 5), PutMode.Add, null).Sequence);
        Assert.That(NewestFormat(), Is.EqualTo(afterBareCode));
        await using (CodeStore store = await OpenAsync())
        {
            PutResult put = store.Put(Image(1001, "x"), PutMode.Add, null);
            Assert.That(NewestFormat(), Is.EqualTo(4), "before the frame is");
            await DurableAsync(store, put.Sequence);
        }
        await using (CodeStore store = await OpenAsync())
            Assert.That(store.TryGet(1001, out CodeRecord? record) ? record.Digest : null, Is.EqualTo(Digest("x")));
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings, Is.Empty);
    }

    [Test]
    public async Task Refuse_NamingAHolderInAStoreOfAnEarlierFormat_TakesTheFormatThatKnowsIt()
    {
        CopyGolden("format-3");
        await using (CodeStore store = await OpenAsync())
        {
            await DurableAsync(store, store.Refuse(new StreamPosition("new", 1), new Refusal(1, 6, "OTHER", "-")));
            Assert.That(NewestFormat(), Is.EqualTo(3));
            await DurableAsync(store, store.Refuse(new StreamPosition("new", 2), new Refusal(2, 6, "CONTENT_DUPLICATE", "-") { DuplicateOf = 4 }));
        }
        Assert.That(NewestFormat(), Is.EqualTo(4));
        await using CodeStore again = await OpenAsync();
        Assert.That(again.GetStream("new").Refusals.Select(refusal => refusal.DuplicateOf), Is.EqualTo(new ulong?[] { null, 4 }));
    }

    [Test]
    public async Task Open_NewerFormat_IsRefusedAndLeftAlone()
    {
        CopyGolden("format-1");
        string path = Path.Combine(Sub("store"), "superblock");
        byte[] superblock = File.ReadAllBytes(path);
        foreach (int slot in (int[])[0, 4096])
        {
            superblock[slot + 20] = 99;
            int length = BinaryPrimitives.ReadInt32LittleEndian(superblock.AsSpan(slot + 16));
            BinaryPrimitives.WriteUInt32LittleEndian(superblock.AsSpan(slot), Castagnoli(superblock.AsSpan(slot + 4, 16 + length)));
        }
        File.WriteAllBytes(path, superblock);

        CodeStoreException refused = await RefusalAsync(() => OpenAsync());
        Assert.That(refused.Reason, Is.EqualTo(CodeStoreProblem.NewerFormat));
        Assert.That(refused.Message, Does.Contain("format 99").And.Contain("or a newer one"));
        Assert.That(Assert.Throws<CodeStoreException>(() => StoreCheck.Run(Sub("store"), CancellationToken.None))?.Reason, Is.EqualTo(CodeStoreProblem.NewerFormat));
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(superblock));
    }

    [Test]
    [Explicit("writes the golden files of the format that this build writes; run it once when the format changes")]
    public async Task Write()
    {
        string folder = Golden("format-new");
        CodeStoreOptions options = Options(folder) with { PageBytes = 64 << 10, SegmentBytes = 64 << 10, Time = new FakeClock() };
        await SmallStore.WriteAsync(options, Model).WaitAsync(Limit);
        using (StoreReader reader = StoreReader.Open(folder))
            Assert.That(reader.Walk(CancellationToken.None).OfType<JournalEntry>().Max(entry => entry.Ordinal), Is.GreaterThan(0), "no two records share a frame; run it again");
        File.Delete(Path.Combine(folder, "lock"));
        if (Directory.Exists(Path.Combine(folder, "table")))
            Directory.Delete(Path.Combine(folder, "table"), recursive: true);
    }

    // Written out once more, bit by bit: a golden test that shared the store's own checksum would not notice a change of it.
    private static uint Castagnoli(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0x82F63B78 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
