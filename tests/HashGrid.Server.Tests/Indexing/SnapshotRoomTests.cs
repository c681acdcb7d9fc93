using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Storage;
using HashGrid.Server.Tests.Support;
using Microsoft.Extensions.Logging;

namespace HashGrid.Server.Tests.Indexing;

/// <summary>Snapshots take no space that is kept for removes and commits.</summary>
public sealed class SnapshotRoomTests : StoreFixture
{
    private const long Kept = 50_000_000;

    private readonly FaultyFiles _files = new("none");

    [Test]
    public async Task Snapshot_DiskWouldBeNearlyFull_IsRefusedBeforeAnythingIsWritten()
    {
        await using CodeStore store = await OpenOnAsync();
        await using IndexHost host = await FilledAsync(store);
        _files.Free = Kept + host.Index.MemoryBytes;
        CodeStoreException refused = await RefusalAsync(() => host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit));
        Assert.That((refused.Reason, host.SnapshotProblem), Is.EqualTo((CodeStoreProblem.DiskFull, refused.Message)));
        Assert.That(refused.Message, Does.Contain($"{_files.Free} bytes free").And.Contain($"{Kept} are kept"));
        Assert.That(Directory.GetFiles(Sub("index")), Is.Empty);
        Assert.That(host.ChangesSinceSnapshot, Is.GreaterThan(0));

        _files.Free = Kept + host.Index.MemoryBytes + (2 << 20);
        SnapshotInfo snapshot = await host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit);
        Assert.That(snapshot.Bytes, Is.LessThanOrEqualTo(host.Index.MemoryBytes + (1 << 20)), "what was asked for is enough");
        Assert.That(host.SnapshotProblem, Is.Null);
    }

    [Test]
    public async Task Schedule_DiskNearlyFull_SaysSoInTheLogAndIngestGoesOn()
    {
        await using CodeStore store = await OpenOnAsync();
        await using IndexHost host = await FilledAsync(store);
        _files.Free = Kept + 1;
        var time = new FakeClock();
        var log = new Lines();
        await using (new SnapshotSchedule(host, new SnapshotPolicy(1, TimeSpan.Zero), log, time))
        {
            await Within.Until(() =>
            {
                time.Advance(SnapshotSchedule.Period);
                return log.All.Count > 0;
            }, "a line in the log");
        }
        Assert.That(log.All[0], Does.StartWith("No index snapshot: the disk of").And.Contain("nothing is lost"));
        Assert.That(Directory.GetFiles(Sub("index")), Is.Empty);
        await DurableAsync(store, store.Put(Record(9000, 1), PutMode.Add, null).Sequence);
    }

    [Test]
    public async Task Snapshot_FolderCanNotBeWritten_IsToldAsSuch()
    {
        await using CodeStore store = await OpenOnAsync();
        await using IndexHost host = await FilledAsync(store);
        File.WriteAllText(Sub("index"), "a file where the folder should be");
        CodeStoreException refused = await RefusalAsync(() => host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit));
        Assert.That((refused.Reason, host.SnapshotProblem), Is.EqualTo((CodeStoreProblem.NotWritable, refused.Message)));
    }

    private Task<CodeStore> OpenOnAsync()
    {
        _files.Free = null;
        return CodeStore.OpenAsync(Options(Sub("store")) with { Files = _files, MinFreeBytes = Kept }, Model, CancellationToken.None).WaitAsync(Limit);
    }

    private async Task<IndexHost> FilledAsync(CodeStore store)
    {
        for (ulong id = 0; id < 5000; id++)
            store.Put(Record(id, id * 0x9E3779B97F4A7C15), PutMode.Add, null);
        IndexHost host = IndexHost.Start(store, new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64) });
        await host.WaitAppliedAsync(store.LastSequence, CancellationToken.None).AsTask().WaitAsync(Limit);
        return host;
    }

    private sealed class Lines : ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

        public IReadOnlyList<string> All => [.. _lines];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(formatter(state, exception));
    }
}
