using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Storage.Compacting;

namespace HashGrid.Server.Tests.Storage;

/// <summary>Disks that are full, read-only or broken in one file, and clocks that jump: what was acknowledged stays, and what is wrong is told.</summary>
[Category("Durability")]
public sealed class FailingDiskTests : StoreFixture
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(1), Never = TimeSpan.FromHours(1);

    [TestCase("segment", "No space left on device", 28)]
    [TestCase("segment", "Read-only file system", 30)]
    [TestCase("", "Read-only file system", 30)]
    public async Task Put_DiskFullOrReadOnly_IsRefusedWhileReadsAndSearchesGoOn(string file, string words, int errno)
    {
        var files = new FaultyFiles(file);
        await using (CodeStore store = await OpenOnAsync(files, Never))
        await using (IndexHost index = IndexHost.Start(store, new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64) }))
        {
            await DurableAsync(store, store.Put(Record(1, 0b111), PutMode.Add, null).Sequence);
            await index.WaitAppliedAsync(store.LastSequence, CancellationToken.None).AsTask().WaitAsync(Limit);
            if (file.Length == 0)
                files.FailChanges(new IOException(words, errno));
            else
                files.FailWrites(new IOException(words, errno));
            PutResult inDoubt = store.Put(Record(2, 2), PutMode.Add, null);
            Assert.That((await RefusalAsync(() => DurableAsync(store, inDoubt.Sequence))).Message, Does.Contain(words).And.Contain("free or repair the disk and restart"));
            // Room again does not tell what of the failed write is there: only a start finds out.
            files.Heal();
            Assert.That(() => store.Put(Record(3, 3), PutMode.Add, null), Throws.TypeOf<CodeStoreException>().With.Message.Contains(words));
            Assert.That(() => store.Remove(1, out _), Throws.TypeOf<CodeStoreException>());
            Assert.That(store.TryGet(1, out _), Is.True);
            var found = new Neighbor[4];
            Assert.That(found[..index.Index.NearestSearch([0], found).Count], Is.EqualTo(new[] { new Neighbor(1, 3) }));
        }
        await AssertGoesOnAsync(acknowledged: [1], refused: [3]);
    }

    [TestCase("superblock", "write")]
    [TestCase("superblock", "sync")]
    public async Task Put_TailCanNotBeNoted_StopsTheStoreAndKeepsWhatWasAcknowledged(string file, string operation)
    {
        var files = new FaultyFiles(file);
        List<ulong> acknowledged = [];
        await using (CodeStore store = await OpenOnAsync(files, AtOnce))
        {
            var broken = new IOException("Input/output error", 5);
            if (operation == "write")
                files.FailWrites(broken);
            else
                files.FailSyncs(broken);
            for (ulong id = 1; store.State == StoreState.Open; id++)
            {
                try
                {
                    await DurableAsync(store, store.Put(Record(id, id), PutMode.Add, null).Sequence);
                    acknowledged.Add(id);
                }
                catch (CodeStoreException)
                {
                    // Refused, as it may be: the journal has it, but the store has stopped.
                }
                await Task.Delay(2);
            }
            files.Heal();
            Assert.That(store.Fault?.Message, Does.Contain("Input/output error"));
            Assert.That(() => store.Put(Record(5000, 3), PutMode.Add, null), Throws.TypeOf<CodeStoreException>());
            foreach (ulong id in acknowledged)
                Assert.That(store.TryGet(id, out _), Is.True, $"id {id}");
        }
        await AssertGoesOnAsync(acknowledged, refused: [5000]);
    }

    [TestCase("superblock")]
    [TestCase("commits")]
    public async Task Dispose_CleanMarkCanNotBeWritten_LeavesAStoreThatOpens(string file)
    {
        var files = new FaultyFiles(file);
        CodeStore store = await OpenOnAsync(files, Never);
        await DurableAsync(store, store.Put(Record(1, 1), PutMode.Add, null).Sequence);
        files.FailSyncs(new IOException("No space left on device", 28));
        await store.DisposeAsync().AsTask().WaitAsync(Limit);
        await AssertGoesOnAsync(acknowledged: [1], refused: []);
    }

    [Test]
    public async Task Open_FileSystemReadOnly_IsToldSoAndNotAsAnotherOwner()
    {
        await using (CodeStore store = await OpenAsync())
            await DurableAsync(store, store.Put(Record(1, 1), PutMode.Add, null).Sequence);
        var files = new FaultyFiles("");
        files.FailChanges(new IOException("Read-only file system", 30));
        CodeStoreException refused = await RefusalAsync(() => OpenOnAsync(files, Never));
        Assert.That(refused.Reason, Is.EqualTo(CodeStoreProblem.NotWritable));
        Assert.That(refused.Message, Does.Contain("Read-only file system").And.Contain("mount"));
        files.Heal();
        await using (CodeStore store = await OpenOnAsync(files, Never))
            Assert.That((await RefusalAsync(() => OpenAsync())).Reason, Is.EqualTo(CodeStoreProblem.InUse));
        await AssertGoesOnAsync(acknowledged: [1], refused: []);
    }

    [Test]
    public async Task Put_OldFormatCanNotBeRaised_StopsTheStoreAndLeavesTheFormat()
    {
        CopyGolden("format-1");
        long held;
        var files = new FaultyFiles("superblock");
        await using (CodeStore store = await OpenOnAsync(files, Never))
        {
            held = store.Count;
            files.FailWrites(new IOException("Input/output error", 5));
            Assert.That(() => store.Put(Record(4000, 4), PutMode.Add, null), Throws.TypeOf<CodeStoreException>().With.Message.Contains("superblock could not be written"));
            files.Heal();
        }
        byte[] superblock = File.ReadAllBytes(Path.Combine(Sub("store"), "superblock"));
        Assert.That((superblock[20], superblock[4096 + 20]), Is.EqualTo(((byte)1, (byte)1)), "the format in both slots");
        await using CodeStore again = await OpenAsync();
        Assert.That((again.Count, again.TryGet(4000, out _)), Is.EqualTo((held, false)));
        await DurableAsync(again, again.Put(Record(4000, 4), PutMode.Add, null).Sequence);
    }

    [Test]
    public async Task Clock_JumpsBackAndForth_OrdersNothing()
    {
        var clock = new JumpingClock();
        CodeStoreOptions options = Options(Sub("store")) with { Time = clock };
        DateTimeOffset[] times =
        [
            new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero), new(2016, 1, 1, 0, 0, 0, TimeSpan.Zero), new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new(1901, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2226, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero),
        ];
        for (int round = 0; round < 2; round++)
        {
            await using CodeStore store = await CodeStore.OpenAsync(options, Model, CancellationToken.None).WaitAsync(Limit);
            for (int i = 0; i < times.Length; i++)
            {
                clock.Now = times[i];
                // The id that is replaced each time: the last one wins, whatever the clock said.
                store.Put(Record(1, (ulong)(round * 100 + i)), PutMode.Upsert, null);
                store.Put(Record((ulong)(100 + round * 100 + i), 5), PutMode.Add, new StreamPosition("s", (ulong)(round * times.Length + i + 1)));
                await DurableAsync(store, store.LastSequence);
            }
        }
        await AssertAsync();
        Assert.That((await StoreCompaction.RunAsync(options, CancellationToken.None).WaitAsync(Limit)).RecordsAfter, Is.GreaterThan(0));
        await AssertAsync();

        async Task AssertAsync()
        {
            Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings, Is.Empty);
            await using CodeStore store = await OpenAsync();
            Assert.That(store.Count, Is.EqualTo(1 + 2 * times.Length));
            Assert.That(store.TryGet(1, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(100UL + (ulong)times.Length - 1));
            Assert.That(store.GetStream("s").Last, Is.EqualTo(2UL * (ulong)times.Length));
        }
    }

    [Test]
    public async Task Commit_ProcessStoppedInTheMiddle_IsNoHangingDisk()
    {
        var files = new FaultyFiles("segment");
        var clock = new JumpingClock();
        await using (CodeStore store = await CodeStore.OpenAsync(
            Options(Sub("store")) with { Files = files, Time = clock, CommitTimeout = Limit, SuperblockInterval = TimeSpan.FromMilliseconds(5) }, Model, CancellationToken.None).WaitAsync(Limit))
        {
            files.SyncBegan.Reset();
            files.SyncMayReturn.Reset();
            PutResult put = store.Put(Record(1, 1), PutMode.Add, null);
            Assert.That(files.SyncBegan.Wait(Limit), Is.True);
            for (ulong id = 2; id <= 4; id++)
            {
                // An hour in which nothing ran; then the watchdog looks again.
                clock.Stopped(TimeSpan.FromHours(1));
                store.Put(Record(id, id), PutMode.Add, null);
                await Task.Delay(50);
                Assert.That(store.State, Is.EqualTo(StoreState.Open), $"{store.Fault?.Message}");
            }
            files.SyncMayReturn.Set();
            await DurableAsync(store, put.Sequence);
            await DurableAsync(store, store.LastSequence);
        }
        await AssertGoesOnAsync(acknowledged: [1, 2, 3, 4], refused: []);
    }

    private Task<CodeStore> OpenOnAsync(FaultyFiles files, TimeSpan superblockInterval) =>
        CodeStore.OpenAsync(Options(Sub("store")) with { Files = files, SuperblockInterval = superblockInterval }, Model, CancellationToken.None).WaitAsync(Limit);

    /// <summary>On a healthy disk: whole, with what was acknowledged and without what was refused, and taking more.</summary>
    private async Task AssertGoesOnAsync(IReadOnlyList<ulong> acknowledged, IReadOnlyList<ulong> refused)
    {
        Assert.That(StoreCheck.Run(Sub("store"), CancellationToken.None).Findings.Where(finding => finding.Severity == FindingSeverity.Damage), Is.Empty);
        await using CodeStore store = await OpenAsync();
        foreach (ulong id in acknowledged)
            Assert.That(store.TryGet(id, out _), Is.True, $"id {id}");
        foreach (ulong id in refused)
            Assert.That(store.TryGet(id, out _), Is.False, $"id {id}");
        await DurableAsync(store, store.Put(Record(9000, 9), PutMode.Add, null).Sequence);
    }

    /// <summary>The time of day is what the test says; the time that passes is real, but for when the process is said to be stopped.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _stoppedTicks;

        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => TimeSpan.FromMilliseconds(Environment.TickCount64).Ticks + Volatile.Read(ref _stoppedTicks);

        public void Stopped(TimeSpan time) => Interlocked.Add(ref _stoppedTicks, time.Ticks);
    }
}
