using Grpc.Core;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Indexing;
using HashGrid.Server.Ingest;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Files;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Hosting;

/// <summary>The parts that live as long as the server: network, store, index. Opened before the first connection, closed after the last.</summary>
public sealed class ServerRuntime : IAsyncDisposable
{
    private readonly ServerOptions _options;
    private readonly ServerMetrics _metrics;
    private readonly ILogger<ServerRuntime> _logger;
    private readonly CancellationTokenSource _draining = new();
    private readonly Func<ServerOptions, IImageEncoder> _loadEncoder;
    private readonly CallCounter _calls;
    private readonly IStorageFiles _files;
    private EncodePipeline? _encoding;
    private CodeStore? _store;
    private IndexHost? _index;
    private SnapshotSchedule? _snapshots;

    public ServerRuntime(ServerOptions options, ServerMetrics metrics, ILogger<ServerRuntime> logger, Func<ServerOptions, IImageEncoder> loadEncoder, CallCounter calls, IStorageFiles files)
    {
        (_options, _metrics, _logger, _loadEncoder, _calls, _files) = (options, metrics, logger, loadEncoder, calls, files);
        Streams = new StreamRegistry(options.MaxStreams);
        Uploads = new AdmissionBudget(EncodeLoad.Unbounded with { Bytes = options.MaxUploadBytes });
    }

    public EncodePipeline Encoding => _encoding ?? throw NotOpen();

    public CodeStore Store => _store ?? throw NotOpen();

    public IndexHost Index => _index ?? throw NotOpen();

    /// <summary>The open ingest streams.</summary>
    public StreamRegistry Streams { get; }

    /// <summary>Room for chunked images that are arriving.</summary>
    public AdmissionBudget Uploads { get; }

    /// <summary>Cancelled when the server stops: streams read no further.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>Loads the network and opens the store; both refuse what does not fit.</summary>
    public async Task OpenAsync(CancellationToken ct)
    {
        _encoding = new EncodePipeline(_loadEncoder(_options), new FileImageDecoder(_options.ImageLimits), _options.EncodeLimits,
            TimeProvider.System, _metrics, _logger);
        ModelIdentity model = _encoding.Model;
        CodeStore store = _store = await CodeStore.OpenAsync(
            new CodeStoreOptions { Directory = _options.DataDirectory, Duplicates = _options.Duplicates, Committed = OnCommitted, Files = _files },
            new StoreModel(model.Name, model.Fingerprint, model.Bits), ct);
        IndexHost index = _index = IndexHost.Start(store, new IndexHostOptions
        {
            Directory = Path.Combine(_options.DataDirectory, "index"),
            Width = new CodeWidth(model.Bits),
            Applied = _metrics.IndexApplied,
        });
        _metrics.ObserveStore(() => store.Count, () => Math.Max(0, store.DurableSequence - index.AppliedSequence));
        _snapshots = new SnapshotSchedule(_index, new SnapshotPolicy(_options.SnapshotChanges, _options.SnapshotInterval), _logger, TimeProvider.System);
        _logger.StoreOpened(_store.Count, _store.DurableSequence, model.Name, model.Bits);
        _encoding.Start();
    }

    /// <summary>Waits until every batch size has run once and the index has caught up with the journal.</summary>
    public async Task WaitReadyAsync(CancellationToken ct)
    {
        await Encoding.Warm.WaitAsync(ct);
        await Index.WaitReadyAsync(ct);
    }

    /// <summary>Ends reading everywhere, and waits until all calls are answered to their last byte, or the time is up.</summary>
    public async Task DrainAsync()
    {
        if (_store is null || _draining.IsCancellationRequested) return;
        _logger.Draining(Streams.Count);
        await _draining.CancelAsync();
        if (_calls.Active == 0) return;
        // The streams themselves use up the drain time first; what is added here is for their last writes.
        await Task.WhenAny(_calls.WhenIdleAsync(), Task.Delay(_options.DrainTimeout + StopTimes.LastWrites));
        await Task.Delay(StopTimes.Linger);
    }

    /// <summary>The deadline of a call; far away for one without.</summary>
    public DateTimeOffset DeadlineOf(ServerCallContext context) =>
        context.Deadline == DateTime.MaxValue ? DateTimeOffset.MaxValue : new DateTimeOffset(context.Deadline, TimeSpan.Zero);

    /// <summary>Closes the parts, after a last snapshot of the index where that is worth it.</summary>
    /// <param name="deadline">
    /// Gives the snapshot up, and waits no longer for a network or a disk that hangs. Nothing acknowledged depends on either: the journal has it.
    /// </param>
    public async Task CloseAsync(CancellationToken deadline)
    {
        (EncodePipeline? encoding, SnapshotSchedule? snapshots, IndexHost? index, CodeStore? store) = (_encoding, _snapshots, _index, _store);
        (_encoding, _snapshots, _index, _store) = (null, null, null, null);
        if (encoding is not null) await UntilAsync(Task.Run(encoding.Dispose, CancellationToken.None), deadline);
        if (snapshots is not null) await UntilAsync(snapshots.DisposeAsync().AsTask(), deadline);
        if (index is not null)
        {
            if (index.State == IndexState.Ready && index.ChangesSinceSnapshot >= SnapshotPolicy.WorthIt) await SnapshotAsync(index, deadline);
            await index.DisposeAsync();
        }
        if (store is not null)
        {
            long durable = store.DurableSequence;
            await store.DisposeAsync();
            _logger.Stopped(durable);
        }
    }

    /// <summary>Closes what <see cref="CloseAsync"/> has not been asked to close.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync(CancellationToken.None);
        _draining.Dispose();
    }

    private void OnCommitted(CommitReport commit)
    {
        _metrics.Committed(commit);
        Volatile.Read(ref _index)?.NoteCommit(commit);
    }

    /// <summary>Makes the next start fast. The journal holds everything, so a snapshot that fails costs time and no more.</summary>
    private async Task SnapshotAsync(IndexHost index, CancellationToken deadline)
    {
        try
        {
            SnapshotInfo snapshot = await index.SnapshotAsync(inBackground: false, deadline).WaitAsync(deadline);
            _logger.Snapshot(snapshot.Sequence, snapshot.Bytes, (long)snapshot.Elapsed.TotalMilliseconds);
        }
        catch (CodeStoreException e)
        {
            _logger.SnapshotFailed(e.Message);
        }
        catch (OperationCanceledException)
        {
            _logger.SnapshotGivenUp(index.ChangesSinceSnapshot);
        }
    }

    private static async Task UntilAsync(Task ending, CancellationToken deadline)
    {
        try
        {
            await ending.WaitAsync(deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // It goes with the process.
        }
    }

    private static ServiceException NotOpen() => new(ErrorReason.ServerStarting, "the server has not finished starting, or has stopped; try again");
}
