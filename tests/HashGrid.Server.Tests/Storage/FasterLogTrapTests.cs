using FASTER.core;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage;

/// <summary>
/// More of what FasterLog 2.6.5 does to those who use it as its samples show, beside the same accident to a store (see also <see cref="FasterTrapTests"/>).
/// </summary>
/// <remarks>
/// One trap has no naive half: sessions that threads share fail for rare interleavings of reads only, so no test would show it each time. The
/// faults that FastCommitMode has of the same kind are not shown either; what is shown is the one that needs no luck. A test can not mount a
/// read-only file system: a folder in which nothing can be made stands in for it.
/// </remarks>
[Category("Durability")]
public sealed class FasterLogTrapTests : StoreFixture
{
    private const int Records = 20_000;
    private const int Damaged = 5000;

    private static System.Text.Encoding Utf8 => System.Text.Encoding.UTF8;

    [Test]
    public void Naive_LengthZeroedInMidLog_SkipsThousandsOfRecordsInSilence()
    {
        NaiveWrite(Naive());
        // One byte: zero is what fills up a page, so the scan goes on with the next one.
        Change(NaiveFile, bytes => bytes.AsSpan().IndexOf(Utf8.GetBytes($"record {Damaged:D5}")) - 4, _ => 0);
        List<string> found = NaiveRead(Naive());
        string[] lost = [.. Written.Except(found)];
        Assert.That(lost, Has.Length.GreaterThan(2000).And.Length.LessThan(Records / 2), "nothing is reported");
        Assert.That((lost[0], found[^1]), Is.EqualTo(($"record {Damaged:D5}", $"record {Records - 1:D5}")), "the others are behind it");
    }

    // Of the four bytes of the length before a frame, whose magic "HG" is 12 bytes behind its first.
    [TestCase("a bit flipped", -10)]
    [TestCase("zeroed", -12, -11)]
    public async Task Store_LengthChangedInMidLog_IsReportedWithItsPlace(string how, params int[] places)
    {
        await WriteAsync();
        int frame = 0;
        foreach (int place in places)
        {
            Change(
                Segment,
                bytes =>
                {
                    frame = bytes.AsSpan(0, bytes.AsSpan().IndexOf(Utf8.GetBytes($"image-{Damaged}"))).LastIndexOf("HG"u8) - 12;
                    return frame + 12 + place;
                },
                value => how == "zeroed" ? 0 : value ^ 1);
        }
        CodeStoreException refused = await RefusalAsync(() => OpenAsync());
        Assert.That(refused.Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That(refused.Offset, Is.EqualTo(frame));
    }

    [Test]
    public void Naive_TolerateDeviceFailure_CallsDurableWhatIsNowhere()
    {
        using (FasterLogSettings settings = Naive())
        {
            settings.TolerateDeviceFailure = true;
            settings.LogDevice = new FailOnceDevice(settings.LogDevice);
            using var log = new FasterLog(settings);
            foreach (string record in Written.Take(500))
                log.Enqueue(Utf8.GetBytes(record));
            Assert.That(() => log.CommitAsync().AsTask().WaitAsync(Limit), Throws.TypeOf<CommitFailureException>());
            foreach (string record in Written.Skip(500).Take(500))
                log.Enqueue(Utf8.GetBytes(record));
            Assert.That(() => log.CommitAsync().AsTask().WaitAsync(Limit), Throws.Nothing);
            Assert.That(log.CommittedUntilAddress, Is.EqualTo(log.TailAddress), "all of it is called durable");
        }
        // Zeros where the failed write should be: the scan takes them for the rest of the page, and what was written well is in that.
        Assert.That(NaiveRead(Naive()), Is.Empty);
    }

    [Test]
    public void Naive_CommitRecordCanNotBeMade_WaitsForEver()
    {
        FasterLogSettings settings = Naive();
        var log = new FasterLog(settings);
        File.WriteAllText(Path.Combine(Sub("naive"), "log-commits"), "no folder, and none can be made");
        log.Enqueue("waits"u8.ToArray());
        Assert.That(() => log.CommitAsync().AsTask().WaitAsync(TimeSpan.FromMilliseconds(500)), Throws.TypeOf<TimeoutException>());
        Assert.That(log.CommittedUntilAddress, Is.LessThan(log.TailAddress));
        // Not disposed: what waits would be freed under it.
    }

    [Test]
    public async Task Store_FileSystemTurnsReadOnly_StopsAndSaysSo()
    {
        var files = new FaultyFiles("");
        await using CodeStore store = await CodeStore.OpenAsync(Options(Sub("store")) with { Files = files }, Model, CancellationToken.None).WaitAsync(Limit);
        files.FailChanges(new IOException("Read-only file system", 30));
        PutResult put = store.Put(Record(1, 1), PutMode.Add, null);
        Assert.That((await RefusalAsync(() => DurableAsync(store, put.Sequence))).Message, Does.Contain("Read-only file system"));
        Assert.That(store.State, Is.EqualTo(StoreState.ReadOnly));
    }

    [Test]
    public async Task Naive_FastCommitMode_ForgetsAcknowledgedCommitsBehindADamagedByte()
    {
        // Such a commit is acknowledged before its record is written, for recovery can find it in the log; unless a byte before it is damaged.
        using (FasterLogSettings settings = Fast())
        using (var log = new FasterLog(settings))
        {
            foreach (string[] group in Written.Take(1000).Chunk(100))
            {
                foreach (string record in group)
                    log.Enqueue(Utf8.GetBytes(record));
                await log.CommitAsync().AsTask().WaitAsync(Limit);
            }
        }
        Directory.Delete(Path.Combine(Sub("naive"), "log-commits"), recursive: true);
        string[] kept = [.. Directory.GetFiles(Sub("naive"))];
        byte[] whole = File.ReadAllBytes(kept.Single());
        Assert.That(NaiveRead(Fast()), Has.Count.EqualTo(1000), "found in the log");
        Directory.Delete(Sub("naive"), recursive: true);
        Directory.CreateDirectory(Sub("naive"));
        File.WriteAllBytes(kept.Single(), whole);
        Change(NaiveFile, bytes => bytes.AsSpan().IndexOf("record 00350"u8), value => value ^ 1);
        Assert.That(NaiveRead(Fast()), Is.EqualTo(Written.Take(300)), "seven commits are gone without a word");

        FasterLogSettings Fast()
        {
            FasterLogSettings settings = Naive();
            (settings.FastCommitMode, settings.LogChecksum) = (true, LogChecksumType.PerEntry);
            return settings;
        }
    }

    [Test]
    public async Task Store_CommitRecordGoneAndAByteDamaged_IsReported()
    {
        await WriteAsync();
        File.Delete(Path.Combine(Sub("store"), "commits"));
        Change(Segment, bytes => bytes.AsSpan().IndexOf(Utf8.GetBytes($"image-{Damaged}")), value => value ^ 1);
        CodeStoreException refused = await RefusalAsync(() => OpenAsync());
        Assert.That(refused.Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That(refused.Message, Does.Contain($"{Records + 1} records"));
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
    public void Naive_TruncateUntil_FreesWholeSegmentsOnlyAndOnlyWithTheNextCommit()
    {
        const int segmentBits = 17;
        using FasterLogSettings settings = Naive();
        settings.SegmentSizeBits = segmentBits;
        using var log = new FasterLog(settings);
        foreach (string record in Written)
            log.Enqueue(Utf8.GetBytes(record));
        log.Commit(spinWait: true);
        Assert.That(Segments(), Is.EqualTo(new[] { "0", "1", "2" }));

        log.TruncateUntil(log.TailAddress - 1000);
        Assert.That(Segments(), Is.EqualTo(new[] { "0", "1", "2" }), "before the next commit nothing is freed");
        log.Enqueue("one more"u8.ToArray());
        log.Commit(spinWait: true);
        Assert.That(Segments, Is.EqualTo(new[] { "2" }).After(10_000, 20), "what lies wholly before");
        Assert.That(new FileInfo(Directory.GetFiles(Sub("naive"), "*.log.2").Single()).Length, Is.GreaterThan(1000), "all but the last of its records are gone, their bytes are not");

        string[] Segments() => [.. Directory.GetFiles(Sub("naive"), "*.log.*").Select(path => Path.GetExtension(path)[1..]).Order()];
    }

    private static IEnumerable<string> Written => Enumerable.Range(0, Records).Select(i => $"record {i:D5}");

    private string NaiveFile => Directory.GetFiles(Sub("naive"), "*.log.0").Single();

    private string Segment => Path.Combine(Sub("store"), "journal", "segment.0");

    private FasterLogSettings Naive() => new(Sub("naive")) { PageSizeBits = 16, MemorySizeBits = 18, SegmentSizeBits = 20 };

    private static void NaiveWrite(FasterLogSettings settings)
    {
        using (settings)
        using (var log = new FasterLog(settings))
        {
            foreach (string record in Written)
                log.Enqueue(Utf8.GetBytes(record));
            log.Commit(spinWait: true);
        }
    }

    private static List<string> NaiveRead(FasterLogSettings settings)
    {
        using (settings)
        using (var log = new FasterLog(settings))
        using (FasterLogScanIterator scan = log.Scan(log.BeginAddress, log.TailAddress))
        {
            List<string> found = [];
            while (scan.GetNext(out byte[] entry, out _, out _))
                found.Add(Utf8.GetString(entry));
            return found;
        }
    }

    private async Task WriteAsync()
    {
        await using CodeStore store = await OpenAsync();
        for (ulong id = 0; id < Records; id++)
            store.Put(Record(id, id), PutMode.Add, null);
        await DurableAsync(store, store.LastSequence);
    }

    private static void Change(string path, Func<byte[], int> find, Func<int, int> change)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int at = find(bytes);
        Assert.That(at, Is.GreaterThan(0), "the record is in this file");
        bytes[at] = (byte)change(bytes[at]);
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>A disk whose first write fails; everything else goes well.</summary>
    private sealed class FailOnceDevice(IDevice inner) : StorageDeviceBase(inner.FileName, 512, Devices.CAPACITY_UNSPECIFIED)
    {
        private const uint InputOutput = 5;

        private int _writes;

        public override void Initialize(long segmentSize, LightEpoch? epoch = null, bool omitSegmentIdFromFilename = false)
        {
            base.Initialize(segmentSize, epoch, omitSegmentIdFromFilename);
            inner.Initialize(segmentSize, epoch, omitSegmentIdFromFilename);
        }

        public override void WriteAsync(
            IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context)
        {
            if (Interlocked.Increment(ref _writes) == 1)
                callback(InputOutput, 0, context);
            else
                inner.WriteAsync(sourceAddress, segmentId, destinationAddress, numBytesToWrite, callback, context);
        }

        public override void ReadAsync(
            int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context) =>
            inner.ReadAsync(segmentId, sourceAddress, destinationAddress, readLength, callback, context);

        public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) => inner.RemoveSegmentAsync(segment, callback, result);

        public override void Dispose() => inner.Dispose();
    }
}
