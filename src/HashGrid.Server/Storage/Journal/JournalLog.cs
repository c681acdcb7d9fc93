using System.Diagnostics;
using FASTER.core;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Journal;

/// <summary>The append-only truth of the store: frames on FasterLog, made durable in groups.</summary>
/// <remarks>
/// No timer: whoever appends while no commit is in flight begins one; while it is, the next group piles up, and begins on the thread that tells of
/// the commit before. Puts that wait for the same commit share a frame; it is closed when that begins, when it is full, or when something else follows. A commit that fails, or does not return in time, stops the
/// journal for good (<see cref="Fault"/>); nothing that is in doubt is ever called durable. All members are thread-safe.
/// </remarks>
internal sealed partial class JournalLog : IDisposable
{
    private static readonly TimeSpan HangPatience = TimeSpan.FromSeconds(1);

    private readonly CodeStoreOptions _options;
    private readonly JournalCommits _commits;
    private readonly SlotFile _superblockFile;
    private readonly JournalDevice _device;
    private readonly FasterLog _log;
    private readonly FrameWriter _writer;
    private readonly SharedFrameWriter _puts;
    private readonly SequenceWaiters _waiters = new();
    private readonly Lock _appending = new();
    private readonly Lock _marking = new();
    private readonly Lock _telling = new();
    private readonly object _changed = new();
    private readonly Thread _keeper;
    private Superblock _superblock;
    private JournalTail _tail;
    private OpenFrame _open = new();
    private long _openSince;
    private long _last;
    private JournalTail _durable;
    private JournalTail? _inFlight;
    private long _inFlightSince;   // when its first frame was appended
    private long _inFlightStarted;
    private long _groupSince;      // when the first frame was appended that no commit has taken yet; 0: there is none
    private object? _overdue;      // a commit has to begin, and who should have begun it could not
    private object? _noting;       // the superblock is being written, for progress or for the end
    private object? _raising;      // the superblock is being written, for a newer format
    private bool _dozing;          // the keeper sleeps until a commit begins, or until the next note
    private bool _stopping;
    private bool _sealed;          // the last commit is done
    private int _waitingForRoom;
    private bool _closed;
    private CodeStoreException? _fault;

    public JournalLog(
        CodeStoreOptions options, JournalSegments segments, JournalCommits commits, SlotFile superblockFile, Superblock superblock, JournalTail tail)
    {
        _options = options;
        _commits = commits;
        _superblockFile = superblockFile;
        _superblock = superblock;
        // FASTER refuses an entry that does not fit a page, and page 0 has less room than the others.
        int longest = Math.Min(FrameHeader.MaxFrameBytes, superblock.PageBytes / 2);
        _writer = new FrameWriter(longest);
        _puts = new SharedFrameWriter(longest);
        _tail = _durable = tail;
        _last = tail.Sequence;
        _waiters.Advance(tail.Sequence);
        if (tail.Sequence > 0)
            commits.Restore(superblock.BeginAddress, tail.Address);
        commits.Committed = OnCommitted;
        _device = new JournalDevice(segments, options.ReserveBytes, OnWritten, e => Fail(CodeStoreProblem.ReadOnly, "the journal's disk failed", e));
        _log = new FasterLog(new FasterLogSettings
        {
            LogDevice = _device,
            LogCommitManager = commits,
            PageSize = superblock.PageBytes,
            MemorySize = (long)superblock.PageBytes * options.PagesInMemory,
            SegmentSize = superblock.SegmentBytes,
            TryRecoverLatest = true,
        });
        // FASTER swallows every error of its recovery and starts empty; its next commit would overwrite what was acknowledged.
        if (_log.TailAddress != tail.Address || _log.BeginAddress != superblock.BeginAddress)
        {
            long found = _log.TailAddress;
            _log.Dispose();
            _device.Dispose();
            throw new CodeStoreException(
                CodeStoreProblem.Damaged,
                $"FasterLog recovered the addresses {superblock.BeginAddress} to {found}, but the frames end at {tail.Address}; nothing was changed, restore the folder from a copy",
                found);
        }
        _keeper = new Thread(KeepLoop) { IsBackground = true, Name = "HashGrid journal keeper" };
        _keeper.Start();
    }

    /// <summary>Called when more is durable, after those who wait for it.</summary>
    public Action? Advanced { get; set; }

    public long LastSequence => Volatile.Read(ref _last);

    public long DurableSequence => _waiters.Reached;

    /// <summary>Behind the last durable frame.</summary>
    public long DurableAddress => Durable.Address;

    /// <summary>The last durable frame.</summary>
    public JournalTail Durable
    {
        get
        {
            lock (_changed)
                return _durable;
        }
    }

    /// <summary>Of the superblock; raised before the first frame that an older build does not know.</summary>
    public int Format => Volatile.Read(ref _superblock).Format;

    public long BeginAddress => _log.BeginAddress;

    public long TailAddress => _log.TailAddress;

    /// <summary>Why the journal stopped; null while it runs.</summary>
    public CodeStoreException? Fault => Volatile.Read(ref _fault);

    /// <summary>Appends one frame in memory; it becomes durable with the next commit, which begins now if none is in flight.</summary>
    /// <param name="kind">What the frame says.</param>
    /// <param name="state">Handed to <paramref name="write"/>, so that it needs no closure.</param>
    /// <param name="write">Writes the payload, beginning with <see cref="FrameWriter.Begin"/>.</param>
    /// <param name="format">The oldest format that knows it.</param>
    /// <returns>The sequence of the frame.</returns>
    /// <exception cref="ArgumentException">The frame would not fit 1 MiB, or half a page.</exception>
    /// <exception cref="CodeStoreException">The journal stopped, or is closed.</exception>
    public long Append<T>(byte kind, T state, Action<FrameWriter, T> write, int format = 1)
    {
        WaitForRoom();
        long sequence;
        lock (_appending)
        {
            ThrowIfNotOpen();
            TakeFormat(format);
            write(_writer, state);
            CloseFrame();
            sequence = _tail.Sequence + 1;
            Enqueue(_writer.End(_tail.Link, kind, Now(), sequence, out uint crc), sequence, crc);
            Volatile.Write(ref _last, sequence);
            NoteAppend();
            CommitIfIdle();
        }
        return sequence;
    }

    /// <summary>Appends one put in memory, in a frame that it shares with those that wait for the same commit; that one begins now if none is in flight.</summary>
    /// <exception cref="ArgumentException">The record alone would not fit 1 MiB, or half a page.</exception>
    /// <exception cref="CodeStoreException">The journal stopped, or is closed.</exception>
    public AppendedPut AppendPut(CodeRecord record, uint stream, ulong position)
    {
        WaitForRoom();
        AppendedPut put;
        lock (_appending)
        {
            ThrowIfNotOpen();
            TakeFormat(record.Digest is null ? Superblock.SharedFrameFormat : Superblock.DigestFormat);
            if (!_puts.HasRoomFor(record))
                CloseFrame();
            int ordinal = _puts.Add(record, stream, position);
            if (ordinal == 0)
                _openSince = Now();
            put = new AppendedPut(_last + 1, _open, ordinal);
            Volatile.Write(ref _last, put.Sequence);
            NoteAppend();
            CommitIfIdle();
        }
        return put;
    }

    public ValueTask WaitDurableAsync(long sequence, CancellationToken ct) => _waiters.WaitAsync(sequence, ct);

    public CodeStoreException Fail(CodeStoreProblem problem, string what, Exception? inner)
    {
        var fault = new CodeStoreException(
            problem,
            $"{what}: {inner?.Message ?? "no answer"}; the store only answers reads now, free or repair the disk and restart to recover",
            null,
            inner);
        lock (_changed)
        {
            _fault ??= fault;
            Monitor.PulseAll(_changed);
        }
        CodeStoreException first = _fault;
        _waiters.Fail(() => new CodeStoreException(first.Reason, first.Message, first.Offset, first));
        return first;
    }

    public void ThrowIfStopped()
    {
        if (Fault is { } fault)
            throw new CodeStoreException(CodeStoreProblem.ReadOnly, fault.Message, fault.Offset, fault);
    }

    /// <summary>Whether a write hangs in the disk even now, after <see cref="Dispose"/>; if it ever ends, it still lands in the file.</summary>
    public bool Hangs { get; private set; }

    /// <summary>Commits what is left, marks the store cleanly closed, and lets go of the files; of a disk that hangs it lets go of nothing.</summary>
    public void Dispose()
    {
        lock (_changed)
        {
            if (_stopping)
                return;
            _stopping = true;
            Monitor.PulseAll(_changed);
        }
        // What was appended in time is committed; from here on nothing is, so nobody may append to freed memory or wait for it.
        _keeper.Join();
        lock (_appending)
            _closed = true;
        _waiters.Fail(Closed);
        // Whatever of FASTER outlives this log must not keep a whole store in memory.
        Advanced = null;
        Hangs = Fault?.Reason == CodeStoreProblem.Stalled && (!_device.TryStop(HangPatience) || NoteHangs());
        if (Hangs)
            return;
        _log.Dispose();
        _device.Dispose();
        _commits.Dispose();
        _superblockFile.Dispose();
    }

    private bool NoteHangs()
    {
        lock (_changed)
            return AwaitedNote is not null;
    }

    /// <summary>Puts the shared frame into the log, if there is one. Under <see cref="_appending"/>.</summary>
    private void CloseFrame()
    {
        if (_puts.Count == 0)
            return;
        long last = _tail.Sequence + _puts.Count;
        _open.Address = Enqueue(_puts.End(_tail.Link, _openSince, _tail.Sequence + 1, out uint crc), last, crc);
        _open = new OpenFrame();
    }

    private long Enqueue(ReadOnlySpan<byte> frame, long lastSequence, uint crc)
    {
        int length = frame.Length;
        try
        {
            long address = _log.Enqueue(frame);
            _tail = new JournalTail(lastSequence, address + 4 + ((length + 3) & ~3), crc);
            return address;
        }
        catch (Exception e) when (e is FasterException or CommitFailureException)
        {
            throw Fail(CodeStoreProblem.ReadOnly, "the journal's disk failed", e);
        }
    }

    // Under _appending, after an append that did not throw.
    private void NoteAppend()
    {
        if (_groupSince == 0)
            _groupSince = Stopwatch.GetTimestamp();
    }

    // A clock that was never set may be before 1970, which a frame can not say.
    private long Now() => Math.Max(0, _options.Time.GetUtcNow().ToUnixTimeMilliseconds());

    private void ThrowIfNotOpen()
    {
        ThrowIfStopped();
        if (_closed)
            throw Closed();
    }

    private static CodeStoreException Closed() => new(CodeStoreProblem.Closed, "the store is closed");

    /// <summary>
    /// FASTER blocks in its allocator when memory is full of unwritten pages, where no watchdog can reach; so callers wait here first.
    /// </summary>
    private void WaitForRoom()
    {
        long room = (long)_superblock.PageBytes * (_options.PagesInMemory / 2);
        lock (_changed)
        {
            _waitingForRoom++;
            while (_fault is null && !_stopping && _log.TailAddress - _durable.Address >= room)
                Monitor.Wait(_changed);
            _waitingForRoom--;
        }
    }
}
