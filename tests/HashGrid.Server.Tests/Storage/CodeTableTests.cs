using System.Reflection;
using FASTER.core;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage;

/// <summary>The table on a disk that fails or lies, and records that rot while the store is open.</summary>
[Category("Durability")]
public sealed class CodeTableTests : StoreFixture
{
    // Six times what fits the table's memory, so that most of it lies on the disk.
    private const int Many = 250_000;

    private string TableFile => Path.Combine(Sub("store"), "table", "records");

    // 64 bytes a bucket: half of the memory again where the memory decides.
    [TestCase(1L << 20, 0, ExpectedResult = 1 << 13)]
    [TestCase(16L << 20, 0, ExpectedResult = 1 << 17)]
    [TestCase(128L << 20, 0, ExpectedResult = 1 << 20)]
    [TestCase(1L << 30, 0, ExpectedResult = 1 << 23)]
    [TestCase(128L << 20, 7 << 20, ExpectedResult = 1 << 20)]
    [TestCase(128L << 20, 10_000_000, ExpectedResult = 1 << 21)]
    [TestCase(128L << 20, 100_000_000, ExpectedResult = 1 << 24)]
    [TestCase(1L << 20, long.MaxValue, ExpectedResult = 1L << 28)]
    public long TableBucketsFor_MemoryAndJournal_IsHalfOfTheMemoryOrASeventhOfTheIds(long memoryBytes, long records) =>
        (Options(Folder) with { TableMemoryBytes = memoryBytes }).TableBucketsFor(records);

    [Test]
    public unsafe void FasterOfThisBuild_KeepsItsBuckets_WhereBucketHintsLooks()
    {
        // Another FASTER may keep them elsewhere: everything goes on, but a start takes nearly twice as long.
        const BindingFlags hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        using var store = new FasterKV<ulong, long>(new FasterKVSettings<ulong, long>(Sub("naive")) { IndexSize = 1 << 19 });
        object? table = (typeof(FasterBase).GetField("state", hidden)?.GetValue(store) as Array)?.GetValue(0);
        Assert.That(table?.GetType().GetField("size_mask", hidden)?.GetValue(table), Is.EqualTo((1L << 13) - 1));
        object? first = table!.GetType().GetField("tableAligned", hidden)?.GetValue(table);
        Assert.That(first, Is.InstanceOf<Pointer>());
        Assert.That(((nint)Pointer.Unbox(first!) % 64, (nint)Pointer.Unbox(first!) != 0), Is.EqualTo(((nint)0, true)));
    }

    [Test]
    public async Task TryGet_TableLargerThanMemory_FindsEveryRecordAndRemove()
    {
        await using CodeStore store = await OpenAsync();
        await FillAsync(store);
        for (ulong id = 0; id < Many; id += 10)
            store.Remove(id, out _);
        await DurableAsync(store, store.LastSequence);
        Assert.That(store.Count, Is.EqualTo(Many - Many / 10));
        for (ulong id = 0; id < Many; id += 101)
            Assert.That(store.TryGet(id, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(id % 10 == 0 ? 0 : id * 3), $"id {id}");
    }

    [Test]
    public async Task TryGet_TableFileRotsOnDisk_IsRefusedNeverWrong()
    {
        await using CodeStore store = await OpenAsync();
        await FillAsync(store);
        using (var file = new FileStream(TableFile, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            for (int at = 100; at < bytes.Length; at += 512)
                bytes[at] ^= 1;
            file.Position = 0;
            file.Write(bytes);
        }
        int refused = 0;
        for (ulong id = 0; id < Many; id += 1009)
        {
            try
            {
                Assert.That(store.TryGet(id, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(id * 3), $"id {id}");
            }
            catch (CodeStoreException e)
            {
                Assert.That(e.Message, Does.Contain("restart to rebuild"));
                refused++;
            }
        }
        Assert.That(refused, Is.GreaterThan(100));
        Assert.That(store.State, Is.EqualTo(StoreState.ReadOnly));
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
        await using CodeStore again = await OpenAsync();
        Assert.That(again.TryGet(1009, out _), Is.True);
    }

    [Test]
    public async Task Put_TableDiskFull_StopsTheStoreWithoutHanging()
    {
        var files = new FaultyFiles("records");
        CodeStore store = await CodeStore.OpenAsync(Options(Sub("store")) with { Files = files }, Model, CancellationToken.None).WaitAsync(Limit);
        files.FailWrites(new IOException("No space left on device", 28));
        long acknowledged = 0;
        try
        {
            for (ulong id = 0; id < Many; id++)
            {
                long sequence = store.Put(Record(id, id * 3), PutMode.Add, null).Sequence;
                if (id % 1000 != 0)
                    continue;
                await DurableAsync(store, sequence);
                acknowledged = (long)id;
            }
        }
        catch (CodeStoreException e)
        {
            Assert.That(e.Message, Does.Contain("No space left"));
        }
        Assert.That(store.Fault?.Message, Does.Contain("code table").And.Contain("No space left"));
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
        await using CodeStore again = await OpenAsync();
        for (ulong id = 0; id <= (ulong)acknowledged; id += 97)
            Assert.That(again.TryGet(id, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(id * 3), $"id {id}");
    }

    [Test]
    public async Task TryGet_RecordRotsInTheJournalWhileTheStoreIsOpen_IsReportedAndTheOthersAreServed()
    {
        await using CodeStore store = await OpenAsync();
        for (ulong id = 0; id < 100; id++)
        {
            store.Put(Record(id, id * 3), PutMode.Add, null);
            // Records that wait together share a frame, and its fate.
            if (id is 49 or 50)
                await DurableAsync(store, store.LastSequence);
        }
        await DurableAsync(store, store.LastSequence);
        store.Settle();
        using (var file = new FileStream(Path.Combine(Sub("store"), "journal", "segment.0"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            file.Position = bytes.AsSpan().IndexOf("image-50"u8);
            file.WriteByte((byte)'j');
        }
        CodeStoreException? e = Assert.Throws<CodeStoreException>(() => store.TryGet(50, out _));
        Assert.That(e?.Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That(e?.Message, Does.Contain("journal address").And.Contain("fsck").And.Not.Contain("id 50"));
        Assert.That(store.TryGet(51, out _), Is.True);
    }

    private static async Task FillAsync(CodeStore store)
    {
        for (ulong id = 0; id < Many; id++)
            store.Put(Record(id, id * 3), PutMode.Add, null);
        await DurableAsync(store, store.LastSequence);
        store.Settle();
    }
}
