using FASTER.core;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage;

/// <summary>
/// How FASTER 2.6.5 loses data when it is used as its samples show, side by side with the same accident to a store.
/// When a later version passes one of the <c>Naive</c> tests no longer, a defence may have become unnecessary.
/// </summary>
[Category("Durability")]
public sealed class FasterTrapTests : StoreFixture
{
    private const int Records = 1000;

    private static System.Text.Encoding Utf8 => System.Text.Encoding.UTF8;

    [Test]
    public async Task Naive_CommitRecordGone_OpensEmptyAndOverwrites()
    {
        NaiveWrite();
        Directory.Delete(Path.Combine(Sub("naive"), "log-commits"), recursive: true);
        using (var settings = Naive())
        using (var log = new FasterLog(settings))
        {
            Assert.That(log.TailAddress, Is.EqualTo(log.BeginAddress), "acknowledged records are gone without a word");
            log.Enqueue(Utf8.GetBytes("overwritten"));
            await log.CommitAsync().AsTask().WaitAsync(Limit);
        }
        Assert.That(NaiveRead(), Is.EqualTo(new[] { "overwritten" }));
    }

    [Test]
    public async Task Store_CommitRecordGone_KeepsEverything()
    {
        await WriteAsync();
        File.Delete(Path.Combine(Sub("store"), "commits"));
        await using CodeStore store = await OpenAsync();
        Assert.That(store.Count, Is.EqualTo(Records));
    }

    [Test]
    public void Naive_OneByteFlippedInTheTailPage_ServesAnotherRecord()
    {
        NaiveWrite();
        Flip(Directory.GetFiles(Sub("naive"), "*.log.0").Single(), Utf8.GetBytes("record 00500"));
        List<string> found = NaiveRead();
        Assert.That(found, Has.Count.EqualTo(Records), "nothing is reported");
        Assert.That(found, Does.Not.Contain("record 00500"));
    }

    [Test]
    public async Task Store_OneByteFlippedInTheTailPage_IsReported()
    {
        await WriteAsync();
        Flip(Path.Combine(Sub("store"), "journal", "segment.0"), Utf8.GetBytes("image-500"));
        Assert.That((await RefusalAsync(() => OpenAsync())).Reason, Is.EqualTo(CodeStoreProblem.Damaged));
    }

    [Test]
    public void Naive_CommitRecordCanNotBeWritten_IsAcknowledgedAllTheSame()
    {
        // Every write of commit metadata fails on this device; FASTER's own manager takes the error code for a success.
        var log = new FasterLog(new FasterLogSettings
        {
            LogDevice = Devices.CreateLogDevice(Path.Combine(Sub("naive"), "log.log")),
            LogCommitManager = new DeviceLogCommitCheckpointManager(new FailingDevices(), new DefaultCheckpointNamingScheme("commits"), removeOutdated: false),
        });
        log.Enqueue("lost"u8.ToArray());
        Assert.That(() => log.CommitAsync().AsTask().WaitAsync(Limit), Throws.Nothing);
        Assert.That(log.CommittedUntilAddress, Is.EqualTo(log.TailAddress), "called durable, recorded nowhere");
        log.Dispose();
    }

    [Test]
    public async Task Store_CommitRecordCanNotBeWritten_AcknowledgesNothing()
    {
        var files = new FaultyFiles("commits");
        await using CodeStore store = await CodeStore.OpenAsync(Options(Sub("store")) with { Files = files }, Model, CancellationToken.None).WaitAsync(Limit);
        files.FailWrites(new IOException("No space left on device", 28));
        PutResult put = store.Put(Record(1, 1), PutMode.Add, null);
        Assert.That((await RefusalAsync(() => DurableAsync(store, put.Sequence))).Message, Does.Contain("No space left"));
        Assert.That(store.DurableSequence, Is.LessThan(put.Sequence));
    }

    [Test]
    public void Naive_NobodyCommits_WaitsForEver()
    {
        using var settings = Naive();
        using var log = new FasterLog(settings);
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        Assert.That(async () => await log.EnqueueAndWaitForCommitAsync("waits"u8.ToArray(), limit.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Store_OneRecordAlone_BecomesDurable()
    {
        await using CodeStore store = await OpenAsync();
        await DurableAsync(store, store.Put(Record(1, 1), PutMode.Add, null).Sequence);
    }

    [Test]
    public void Naive_ForeignFileBesideTheLog_StopsTheRecoveryOfTheDevice()
    {
        NaiveWrite();
        File.WriteAllText(Path.Combine(Sub("naive"), "log.log.bak"), "a copy that somebody left");
        Assert.That(() => Devices.CreateLogDevice(Path.Combine(Sub("naive"), "log.log"), recoverDevice: true).Dispose(), Throws.TypeOf<FormatException>());
    }

    [Test]
    public async Task Store_ForeignFilesBesideTheJournal_AreLeftAlone()
    {
        await WriteAsync();
        foreach (string name in (string[])["segment.bak", "segment.0.old", "notes.txt"])
            File.WriteAllText(Path.Combine(Sub("store"), "journal", name), "a copy that somebody left");
        await using CodeStore store = await OpenAsync();
        Assert.That(store.Count, Is.EqualTo(Records));
        Assert.That(File.Exists(Path.Combine(Sub("store"), "journal", "segment.bak")), Is.True);
    }

    [Test]
    public async Task Store_ManyReadersBesideTheWriter_EachHasItsOwnSession()
    {
        // Sessions of FASTER are not thread-safe: readers that shared one would see each other's records.
        await WriteAsync();
        await using CodeStore store = await OpenAsync();
        using var stop = new CancellationTokenSource();
        Task writing = Task.Run(() =>
        {
            for (ulong id = Records; !stop.IsCancellationRequested; id++)
                store.Put(Record(id, id * 7), PutMode.Add, null);
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 1000; i++)
            {
                ulong id = (ulong)random.Next(Records);
                Assert.That(store.TryGet(id, out CodeRecord? record) ? (record.Id, record.Code[0]) : default, Is.EqualTo((id, id * 7)));
            }
        }))).WaitAsync(Limit);
        await stop.CancelAsync();
        await writing.WaitAsync(Limit);
    }

    private FasterLogSettings Naive() => new(Sub("naive")) { PageSizeBits = 16, MemorySizeBits = 18, SegmentSizeBits = 20 };

    private void NaiveWrite()
    {
        using var settings = Naive();
        using var log = new FasterLog(settings);
        for (int i = 0; i < Records; i++)
            log.Enqueue(Utf8.GetBytes($"record {i:D5}"));
        log.Commit(spinWait: true);
    }

    private List<string> NaiveRead()
    {
        using var settings = Naive();
        using var log = new FasterLog(settings);
        List<string> found = [];
        using FasterLogScanIterator scan = log.Scan(log.BeginAddress, log.TailAddress);
        while (scan.GetNext(out byte[] entry, out _, out _))
            found.Add(Utf8.GetString(entry));
        return found;
    }

    private async Task WriteAsync()
    {
        await using CodeStore store = await OpenAsync();
        for (ulong id = 0; id < Records; id++)
            store.Put(Record(id, id * 7), PutMode.Add, null);
        await DurableAsync(store, store.LastSequence);
    }

    private static void Flip(string path, ReadOnlySpan<byte> what)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int at = bytes.AsSpan().IndexOf(what);
        Assert.That(at, Is.GreaterThan(0), "the record is in this file");
        bytes[at + what.Length - 1] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private sealed class FailingDevices : INamedDeviceFactory
    {
        public void Initialize(string baseName)
        {
        }

        public IDevice Get(FileDescriptor fileInfo) => new FailingDevice();

        public IEnumerable<FileDescriptor> ListContents(string path) => [];

        public void Delete(FileDescriptor fileInfo)
        {
        }
    }

    private sealed class FailingDevice() : StorageDeviceBase("failing", 512, Devices.CAPACITY_UNSPECIFIED)
    {
        private const uint NoSpace = 28;

        public override void WriteAsync(
            IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context) =>
            callback(NoSpace, 0, context);

        public override void ReadAsync(
            int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context) =>
            callback(NoSpace, 0, context);

        public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) => callback(result);

        public override void Dispose()
        {
        }
    }
}
