using FASTER.core;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage;

/// <summary>
/// More of what FasterLog 2.6.5 does to those who use it as its samples show, beside the same accident to a store (see also <see cref="FasterTrapTests"/>).
/// </summary>
/// <remarks>
/// Five traps have no naive half. A flip in mid-log costs a naive scan only its own record in a log as small as a test's. A read-only
/// file system makes the naive commit wait for ever: a test can not mount one, and a failing device stands in for it in
/// <see cref="FasterTrapTests"/>. Recovery in FastCommitMode fails for rare interleavings of commits only, and sessions that threads share
/// fail for rare interleavings of reads: no test would show either each time. TolerateDeviceFailure loses data by its own documentation.
/// The store uses none of these three.
/// </remarks>
[Category("Durability")]
public sealed class FasterLogTrapTests : StoreFixture
{
    private const int Records = 20_000;
    private const int Damaged = 5000;

    private static System.Text.Encoding Utf8 => System.Text.Encoding.UTF8;

    [Test]
    public async Task Store_LengthFlippedInMidLog_IsReportedWithItsPlace()
    {
        await using (CodeStore store = await OpenAsync())
        {
            for (ulong id = 0; id < Records; id++)
                store.Put(Record(id, id), PutMode.Add, null);
            await DurableAsync(store, store.LastSequence);
        }
        // The magic "HG" is 12 bytes behind the length.
        int at = Flip(
            Path.Combine(Sub("store"), "journal", "segment.0"),
            bytes => bytes.AsSpan(0, bytes.AsSpan().IndexOf(Utf8.GetBytes($"image-{Damaged}"))).LastIndexOf("HG"u8) - 10);
        CodeStoreException refused = await RefusalAsync(() => OpenAsync());
        Assert.That(refused.Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That(refused.Offset, Is.EqualTo(at - 2));
    }

    [Test]
    public async Task Store_DeviceFails_StaysStoppedThoughTheDeviceWorksAgain()
    {
        var files = new FaultyFiles("segment");
        await using CodeStore store = await CodeStore.OpenAsync(Options(Sub("store")) with { Files = files }, Model, CancellationToken.None).WaitAsync(Limit);
        files.FailWrites(new IOException("Input/output error", 5));
        PutResult put = store.Put(Record(1, 1), PutMode.Add, null);
        await RefusalAsync(() => DurableAsync(store, put.Sequence));
        files.Heal();
        Assert.That((await RefusalAsync(() => Task.FromResult(store.Put(Record(2, 2), PutMode.Add, null)))).Reason, Is.EqualTo(CodeStoreProblem.ReadOnly));
        Assert.That(store.DurableSequence, Is.LessThan(put.Sequence));
    }

    [Test]
    public void Naive_EntryLargerThanAPage_IsAnErrorOfTheLog()
    {
        using FasterLogSettings settings = Naive();
        using var log = new FasterLog(settings);
        Assert.That(() => log.Enqueue(new byte[1 << 17]), Throws.TypeOf<FasterException>());
    }

    [Test]
    public async Task Store_RecordLargerThanAFrame_IsTheCallersMistakeAndTheStoreGoesOn()
    {
        await using CodeStore store = await OpenAsync();
        Assert.That(() => store.Put(new CodeRecord(1, [1], [], new string('x', 2 << 20), 0), PutMode.Add, null), Throws.ArgumentException);
        await DurableAsync(store, store.Put(Record(2, 2), PutMode.Add, null).Sequence);
        Assert.That((store.State, store.TryGet(1, out _)), Is.EqualTo((StoreState.Open, false)));
    }

    [Test]
    public void Naive_TruncateUntil_FreesNothingOfTheSegmentInUse()
    {
        using FasterLogSettings settings = Naive();
        using var log = new FasterLog(settings);
        for (int i = 0; i < Records; i++)
            log.Enqueue(Utf8.GetBytes($"record {i:D5}"));
        log.Commit(spinWait: true);
        string file = Directory.GetFiles(Sub("naive"), "*.log.0").Single();
        long before = new FileInfo(file).Length;
        log.TruncateUntil(log.TailAddress);
        log.Commit(spinWait: true);
        Assert.That(new FileInfo(file).Length, Is.EqualTo(before), "all records are gone, their bytes are not");
    }

    private FasterLogSettings Naive() => new(Sub("naive")) { PageSizeBits = 16, MemorySizeBits = 18, SegmentSizeBits = 20 };

    private static int Flip(string path, Func<byte[], int> find)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int at = find(bytes);
        Assert.That(at, Is.GreaterThan(0), "the record is in this file");
        bytes[at] ^= 1;
        File.WriteAllBytes(path, bytes);
        return at;
    }
}
