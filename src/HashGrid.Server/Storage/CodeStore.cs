using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using HashGrid.Server.Storage.Journal;
using HashGrid.Server.Storage.Table;

namespace HashGrid.Server.Storage;

/// <summary>The durable store of codes: a journal that is the truth, and a table by id that follows it.</summary>
/// <remarks>
/// A change is decided and appended in one step under one lock, and is durable once <see cref="WaitDurableAsync"/> returns. Reads see
/// durable changes only, decisions see all. All members are thread-safe. After a device error the store is read-only for good: it
/// never acknowledges on a doubt.
/// </remarks>
public sealed partial class CodeStore : IAsyncDisposable
{
    private static readonly ConcurrentBag<CodeStore> Hanging = [];

    private readonly CodeStoreOptions _options;
    private readonly StoreModel _model;
    private readonly StoreFolder _folder;
    private readonly JournalSegments _segments;
    private readonly JournalLog _log;
    private readonly CodeTable _table;
    private readonly JournalRecords _records;
    private readonly StreamTable _streams;
    private readonly JournalMarks _marks;
    private readonly DigestTable? _digests;
    private readonly PendingChanges _pending = new();
    private readonly Lock _deciding = new();
    private readonly Lock _applying = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _applier;
    private readonly DiskGuard _disk;
    private readonly Superblock _superblock;
    private bool _tableClosed;
    private int _closed;

    private CodeStore(
        CodeStoreOptions options, StoreModel model, StoreFolder folder, Superblock superblock, JournalSegments segments, JournalLog log, CodeTable table, StreamTable streams, JournalMarks marks,
        DigestTable? digests)
    {
        _options = options;
        _model = model;
        _folder = folder;
        _segments = segments;
        _log = log;
        _table = table;
        _records = new JournalRecords(segments, model.Words);
        _streams = streams;
        _marks = marks;
        _digests = digests;
        _superblock = superblock;
        _disk = new DiskGuard(options);
        StoreId = superblock.StoreId;
        _applier = Task.Run(ApplyLoopAsync);
        _log.Advanced = Wake;
    }

    /// <summary>Unique to this data folder.</summary>
    public Guid StoreId { get; }

    /// <summary>The folder of the store.</summary>
    public string Directory => _options.Directory;

    /// <summary>Sequence of the last change, durable or not yet.</summary>
    public long LastSequence => _log.LastSequence;

    /// <summary>Every change up to here survives a crash.</summary>
    public long DurableSequence => _log.DurableSequence;

    /// <summary>Ids that are durably stored, whatever was acknowledged a moment ago included.</summary>
    public long Count
    {
        get
        {
            Settle();
            return _table.Count;
        }
    }

    /// <summary>Bytes of the journal, from its first frame to its last.</summary>
    public long JournalBytes => _log.TailAddress - _log.BeginAddress;

    /// <summary>What the store accepts now.</summary>
    public StoreState State =>
        Volatile.Read(ref _closed) != 0 ? StoreState.Closed : _log.Fault is null ? StoreState.Open : StoreState.ReadOnly;

    /// <summary>Why the store is read-only; null while it is not.</summary>
    public CodeStoreException? Fault => _log.Fault;

    /// <summary>Stores one code. Buffered, not yet durable; later calls see it at once.</summary>
    /// <param name="record">The code and what belongs to it; the store keeps the object.</param>
    /// <param name="mode">What to do when the id is there with another code.</param>
    /// <param name="stream">The stream position that carried it, taken with the change in one step; null outside of streams.</param>
    /// <param name="duplicate">What a duplicate is refused with; needed for streams where duplicates are refused. The store adds the position and the id that holds the content.</param>
    /// <returns>The decision, and the sequence that must be durable before it is acknowledged.</returns>
    /// <remarks>
    /// An image is a duplicate if another id holds its content and its own id does not, durably or not yet; so of two that come at once it is the
    /// later one in the journal. The decision, and the id it names, is in the journal, too.
    /// </remarks>
    /// <exception cref="ArgumentException">The record has another number of words, or does not fit a journal frame.</exception>
    /// <exception cref="ArgumentNullException">A duplicate of a stream is to be refused, and <paramref name="duplicate"/> is null.</exception>
    /// <exception cref="CodeStoreException">The store is read-only or closed, or the disk is nearly full.</exception>
    public PutResult Put(CodeRecord record, PutMode mode, StreamPosition? stream, Refusal? duplicate = null)
    {
        if (record.Code.Length != _model.Words)
            throw new ArgumentException($"the code has {record.Code.Length} words, but width {_model.Bits} needs {_model.Words}", nameof(record));
        ThrowIfNotOpen();
        lock (_deciding)
        {
            StreamEntry? entry = stream is { } position ? _streams.Obtain(position.StreamId, Append) : null;
            if (entry is not null && stream!.Value.Sequence <= entry.Taken)
                return new PutResult(PutOutcome.Repeated, entry.TakenSequence);
            CodeRecord? old = FindLatest(record.Id);
            if (old is not null && IsThere(old, record, mode))
                return new PutResult(PutOutcome.Unchanged, entry is null ? old.Sequence : TakePosition(entry, stream!.Value.Sequence));
            if (old is not null && mode == PutMode.Add)
                return new PutResult(PutOutcome.Conflict, old.Sequence);
            CodeRecord? holder = record.Digest is { } digest && old?.Digest != digest ? FindHolder(digest) : null;
            if (holder is not null && _options.Duplicates == DuplicateMode.Refuse)
                return RefuseDuplicate(holder, entry, stream, duplicate);
            _disk.ThrowIfFull();
            if (holder is not null)
                record = record with { Code = holder.Code, DuplicateOf = holder.Id };
            AppendedPut put = _log.AppendPut(record, entry?.Number ?? 0, stream?.Sequence ?? 0);
            _pending.Add(put.Sequence, record.Id, record with { Sequence = put.Sequence }, entry, stream?.Sequence ?? 0, put);
            NoteDigests(record, put.Sequence, old);
            if (record.DuplicateOf is { } linked)
                entry?.AddDuplicate(new Duplicate(stream!.Value.Sequence, linked));
            Taken(entry, stream?.Sequence ?? 0, put.Sequence);
            return new PutResult(PutOutcome.Appended, put.Sequence) { DuplicateOf = holder?.Id };
        }
    }

    /// <summary>Notes durably that an item of a stream was refused, so that a client that resumes is told again.</summary>
    /// <returns>The sequence to wait for; for a position that was taken before, the sequence that took it.</returns>
    /// <exception cref="CodeStoreException">The store is read-only or closed.</exception>
    public long Refuse(StreamPosition stream, Refusal refusal)
    {
        ThrowIfNotOpen();
        lock (_deciding)
        {
            StreamEntry entry = _streams.Obtain(stream.StreamId, Append);
            if (stream.Sequence <= entry.Taken)
                return entry.TakenSequence;
            return AppendRefusal(entry, refusal with { StreamSequence = stream.Sequence });
        }
    }

    /// <summary>Takes a stream position without a change.</summary>
    /// <returns>The sequence to wait for; for a position that was taken before, the sequence that took it.</returns>
    /// <exception cref="CodeStoreException">The store is read-only or closed.</exception>
    public long Pass(StreamPosition stream)
    {
        ThrowIfNotOpen();
        lock (_deciding)
        {
            StreamEntry entry = _streams.Obtain(stream.StreamId, Append);
            return stream.Sequence <= entry.Taken ? entry.TakenSequence : TakePosition(entry, stream.Sequence);
        }
    }

    /// <summary>Removes an id. Buffered, not yet durable; later calls see it at once. Works on a nearly full disk too.</summary>
    /// <param name="id">The id to remove.</param>
    /// <param name="sequence">The sequence to wait for, also before anyone is told that the id is not stored: it may have been removed a moment ago.</param>
    /// <returns>False if the id is not stored.</returns>
    /// <exception cref="CodeStoreException">The store is read-only or closed.</exception>
    public bool Remove(ulong id, out long sequence)
    {
        ThrowIfNotOpen();
        lock (_deciding)
        {
            sequence = _pending.LatestSequence(id);
            if (FindLatest(id) is not { } old)
                return false;
            sequence = Append(JournalRecordKind.Remove, id, static (writer, gone) => Payloads.WriteRemove(writer, gone));
            _pending.Add(sequence, id, null);
            if (old.Digest is { } digest)
                _digests?.Forget(digest, id, old.Sequence);
            WakeIfDurable(sequence);
            return true;
        }
    }

    /// <summary>Returns when every change up to the sequence is durable.</summary>
    /// <exception cref="CodeStoreException">The device failed first: the change may or may not survive, and must not be acknowledged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the change itself goes on.</exception>
    public ValueTask WaitDurableAsync(long sequence, CancellationToken ct) => _log.WaitDurableAsync(sequence, ct);

    /// <summary>Finds the durable record of an id.</summary>
    /// <exception cref="CodeStoreException">The record is damaged, or the code table's disk failed.</exception>
    public bool TryGet(ulong id, [NotNullWhen(true)] out CodeRecord? record)
    {
        if (!_pending.TryFind(id, DurableSequence, out record))
            record = FindStored(id);
        return record is not null;
    }

    /// <summary>Moves every durable change to the table now, where the store does so by itself soon.</summary>
    public void Settle()
    {
        try
        {
            ApplyDurable();
        }
        catch (CodeStoreException)
        {
            // The table's device failed and Fault says so.
        }
        catch (Exception e)
        {
            _log.Fail(CodeStoreProblem.ReadOnly, "the code table failed", e);
        }
    }

    /// <summary>What is durably known of a stream.</summary>
    public StreamState GetStream(string streamId)
    {
        ApplyDurable();
        return _streams.Find(streamId)?.Durable() ?? StreamState.None;
    }

    private CodeRecord? FindLatest(ulong id) =>
        _pending.TryFind(id, long.MaxValue, out CodeRecord? record) ? record : FindStored(id);

    private CodeRecord? FindStored(ulong id) => _table.Find(id) is { } place ? _records.Read(place, id) : null;

    private long AppendRefusal(StreamEntry entry, Refusal refusal)
    {
        long sequence = _log.Append(
            (byte)JournalRecordKind.Refuse, (entry.Number, refusal), static (writer, s) => Payloads.WriteRefuse(writer, s.Number, s.refusal), refusal.DuplicateOf is null ? 1 : Superblock.DigestFormat);
        entry.AddRefusal(refusal);
        _pending.Add(sequence, 0, null, entry, refusal.StreamSequence);
        Taken(entry, refusal.StreamSequence, sequence);
        return sequence;
    }

    private long TakePosition(StreamEntry entry, ulong position)
    {
        long sequence = Append(JournalRecordKind.Position, (entry.Number, position), static (writer, s) => Payloads.WritePosition(writer, s.Number, s.position));
        _pending.Add(sequence, 0, null, entry, position);
        Taken(entry, position, sequence);
        return sequence;
    }

    private void Taken(StreamEntry? entry, ulong position, long sequence)
    {
        if (entry is not null)
        {
            entry.Taken = position;
            entry.TakenSequence = sequence;
        }
        WakeIfDurable(sequence);
    }

    private long Append<T>(JournalRecordKind kind, T state, Action<FrameWriter, T> write) => _log.Append((byte)kind, state, write);

    private long Append(uint number, string streamId) =>
        _log.Append(Payloads.StreamName, (number, streamId), static (writer, s) => Payloads.WriteStreamName(writer, s.number, s.streamId));

    /// <summary>The commit wakes the applier; but one that came before the change was pending has found nothing to apply.</summary>
    private void WakeIfDurable(long sequence)
    {
        if (sequence <= DurableSequence)
            Wake();
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private void ThrowIfNotOpen()
    {
        if (Volatile.Read(ref _closed) != 0)
            throw new CodeStoreException(CodeStoreProblem.Closed, "the store is closed");
        _log.ThrowIfStopped();
    }
}
