using System.Diagnostics;
using HashGrid.Index;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Indexing;

/// <summary>Owns the index: opens the newest snapshot, catches up from the journal, then follows every durable change.</summary>
/// <remarks>One task writes to the index; searches read beside it without a lock. All members are thread-safe.</remarks>
public sealed class IndexHost : IAsyncDisposable
{
    private readonly CodeStore _store;
    private readonly SnapshotFolder _snapshots;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SequenceWaiters _waiters = new();
    private readonly LagMarks? _lag;
    private readonly Lock _saving = new();
    private readonly long _target;
    private readonly Task _follower;
    private readonly Task _tidier;
    private long _newestSnapshot;
    private int _state = (int)IndexState.CatchingUp;

    private IndexHost(CodeStore store, IndexHostOptions options)
    {
        _store = store;
        _snapshots = new SnapshotFolder(options.Directory, store);
        _lag = options.Applied is { } applied ? new LagMarks(applied) : null;
        _target = store.DurableSequence;
        _snapshots.DeleteUnfinished();
        (HammingIndex index, long sequence) = _snapshots.OpenNewest(options) ?? (new HammingIndex(options.Width, options.Index), 0);
        Index = index;
        _waiters.Advance(sequence);
        SnapshotSequence = _newestSnapshot = sequence;
        _follower = Task.Run(FollowAsync);
        _tidier = TidyAsync(options.QuietAfter);
    }

    /// <summary>For searches alone; the host is the writer.</summary>
    public HammingIndex Index { get; }

    /// <summary>The store sequence of the snapshot that was opened; 0 if there was none.</summary>
    public long SnapshotSequence { get; }

    /// <summary>Whether the index answers.</summary>
    public IndexState State => (IndexState)Volatile.Read(ref _state);

    /// <summary>Every store change up to here is in the index.</summary>
    public long AppliedSequence => _waiters.Reached;

    /// <summary>Why the index failed; null while it has not.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Opens the newest valid snapshot and starts to catch up in the background.</summary>
    public static IndexHost Start(CodeStore store, IndexHostOptions options) => new(store, options);

    /// <summary>Returns when the index holds what the store held at the start.</summary>
    /// <exception cref="CodeStoreException">The journal could not be read.</exception>
    public Task WaitReadyAsync(CancellationToken ct) => _ready.Task.WaitAsync(ct);

    /// <summary>Returns when the index has applied a store sequence.</summary>
    /// <exception cref="CodeStoreException">The journal could not be read, so that it never will.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask WaitAppliedAsync(long sequence, CancellationToken ct) => _waiters.WaitAsync(sequence, ct);

    /// <summary>Says that the store has committed, before anybody knows of it; its changes' way to the searches is measured from here.</summary>
    public void NoteCommit(CommitReport commit) => _lag?.Note(commit.Sequence, commit.Stamp);

    /// <summary>Writes a snapshot of the index, so that the next start is fast. Searches and changes go on meanwhile.</summary>
    /// <param name="inBackground">Whether everything else that the machine does goes first.</param>
    /// <param name="ct">Gives it up; the older one stays.</param>
    /// <exception cref="CodeStoreException">The snapshot could not be written, or the disk would be nearly full by it; the older one stays.</exception>
    /// <remarks>One at a time. The index stands still only while the list of removed rows is copied.</remarks>
    public Task<SnapshotInfo> SnapshotAsync(bool inBackground, CancellationToken ct) => Task.Factory.StartNew(
        () =>
        {
            if (inBackground)
                Posix.LowerPriorityOfThisThread();
            lock (_saving)
            {
                long started = Stopwatch.GetTimestamp();
                // The file may hold a few changes more than its name says. They are durable, and a start that applies them
                // again in order ends with the same codes, so no writer has to wait for the disk.
                long sequence = AppliedSequence;
                long bytes = Save(sequence, ct);
                Volatile.Write(ref _newestSnapshot, sequence);
                return new SnapshotInfo(sequence, bytes, Stopwatch.GetElapsedTime(started));
            }
        },
        ct,
        // A thread of its own: its priority ends with it.
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    /// <summary>Why the last snapshot that was asked for is not there; null if it is, or none was.</summary>
    public string? SnapshotProblem { get; private set; }

    /// <summary>Changes that the next start would have to index again, since no snapshot holds them.</summary>
    public long ChangesSinceSnapshot => AppliedSequence - Volatile.Read(ref _newestSnapshot);

    /// <summary>Stops following and frees the index. Searches must have ended; a snapshot that is being written keeps the codes that it writes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _follower;
        await _tidier;
        _waiters.Fail(() => new OperationCanceledException("the index is closed"));
        Index.Dispose();
        _stop.Dispose();
    }

    private long Save(long sequence, CancellationToken ct)
    {
        try
        {
            long bytes = _snapshots.Save(Index, sequence, ct);
            SnapshotProblem = null;
            return bytes;
        }
        catch (CodeStoreException e)
        {
            SnapshotProblem = e.Message;
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            SnapshotProblem = $"the index snapshot could not be written: {e.Message}; nothing is lost, the next start takes longer";
            throw new CodeStoreException(Posix.IsDiskFull(e) ? CodeStoreProblem.DiskFull : CodeStoreProblem.NotWritable, SnapshotProblem, null, e);
        }
    }

    private async Task FollowAsync()
    {
        try
        {
            NoteReady();
            await foreach (JournalRecord record in _store.ReadAsync(AppliedSequence + 1, _stop.Token))
            {
                if (record.Kind == JournalRecordKind.Put)
                    Index.Upsert(record.Id, record.Code.Span, record.Labels);
                else if (record.Kind == JournalRecordKind.Remove)
                    Index.Remove(record.Id);
                _waiters.Advance(record.Sequence);
                _lag?.Reached(record.Sequence);
                NoteReady();
            }
        }
        catch (OperationCanceledException)
        {
            _ready.TrySetCanceled();
        }
        catch (Exception e)
        {
            // A store that stopped because of its device still answers reads, and so does the index with what it has.
            Fault = e;
            if (AppliedSequence < _store.DurableSequence || State == IndexState.CatchingUp)
                Volatile.Write(ref _state, (int)IndexState.Failed);
            _waiters.Fail(() => e);
            _ready.TrySetException(e);
            _ = _ready.Task.Exception;
        }
    }

    // Codes are scanned until their segment is full, and searches walk segment after segment: in a quiet second all get structures, and one segment.
    private async Task TidyAsync(TimeSpan quiet)
    {
        try
        {
            for (long before = -1; ;)
            {
                await Task.Delay(quiet, _stop.Token);
                long now = AppliedSequence;
                if (now == before)
                    Index.MergeWhileQuiet();
                before = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The host is closing.
        }
    }

    private void NoteReady()
    {
        if (State != IndexState.CatchingUp || AppliedSequence < _target)
            return;
        Volatile.Write(ref _state, (int)IndexState.Ready);
        _ready.TrySetResult();
    }
}
