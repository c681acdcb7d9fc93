using System.Runtime.CompilerServices;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage;

public sealed partial class CodeStore
{
    /// <summary>Reads durable journal records in order, verifying each, and goes on as new ones become durable; never ends by itself.</summary>
    /// <param name="fromSequence">The first sequence to return.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <exception cref="CodeStoreException">A frame that was durable does not verify any more, or the device failed.</exception>
    public async IAsyncEnumerable<JournalRecord> ReadAsync(long fromSequence, [EnumeratorCancellation] CancellationToken ct)
    {
        var scan = new JournalScan(_segments, _superblock.PageBytes, _marks.Before(fromSequence));
        var records = new List<JournalRecord>();
        while (true)
        {
            await WaitDurableAsync(scan.Tail.Sequence + 1, ct);
            long limit = _log.DurableAddress;
            while (TryRead(scan, limit, records))
            {
                foreach (JournalRecord record in records)
                {
                    if (record.Sequence >= fromSequence)
                        yield return record;
                }
                ct.ThrowIfCancellationRequested();
            }
            if (scan.Tail.Address < limit)
            {
                throw new CodeStoreException(
                    CodeStoreProblem.Damaged,
                    $"the journal is damaged at address {scan.ProblemAddress}: {scan.Problem}; stop the server and check the folder",
                    scan.ProblemAddress);
            }
        }
    }

    /// <summary>Where the durable journal ends now. A view that holds nothing newer belongs to every journal that <see cref="Holds"/> it.</summary>
    public JournalPoint DurablePoint => PointOf(_log.Durable);

    /// <summary>The disk that the store is on, for its views.</summary>
    internal IStorageFiles Files => _options.Files;

    /// <summary>Before a view of so many bytes is written into a folder.</summary>
    /// <exception cref="CodeStoreException">The disk would be nearly full by that.</exception>
    internal void ThrowIfNoRoomFor(string folder, long bytes) => _disk.ThrowIfNoRoomFor(folder, bytes);

    /// <summary>Whether this journal has had that end: the same changes in the same order up to there.</summary>
    /// <remarks>Reads the frames of some 4096 records, or since the opening.</remarks>
    public bool Holds(JournalPoint point)
    {
        JournalTail durable = _log.Durable;
        if (point.Generation != _superblock.Generation || point.Sequence > durable.Sequence)
            return false;
        var scan = new JournalScan(_segments, _superblock.PageBytes, _marks.Before(point.Sequence));
        while (scan.Tail.Sequence < point.Sequence && scan.TryNext(durable.Address, out _))
        {
        }
        return PointOf(scan.Tail) == point;
    }

    /// <summary>Opens a copy of the journal as it is durable now, for a backup that runs beside everything else.</summary>
    /// <param name="have">What the backup holds already; null for a new one.</param>
    /// <exception cref="CodeStoreException">What the backup holds is of another store or of another history, or the journal is damaged there; or the store is closed.</exception>
    public BackupReader OpenBackup(BackupPoint? have)
    {
        if (Volatile.Read(ref _closed) != 0)
            throw new CodeStoreException(CodeStoreProblem.Closed, "the store is closed");
        var segments = new JournalSegments(_options.Files, _folder.JournalFolder(_superblock.Generation), _superblock.SegmentBytes);
        // In this order: the format is raised before a frame that needs it is durable.
        JournalTail end = _log.Durable;
        return BackupReader.Open(segments, _superblock with { Format = _log.Format }, end, _marks.Before, have);
    }

    /// <summary>Commits what is buffered, marks the store cleanly closed and lets go of the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        _log.Dispose();
        _wake.Writer.TryComplete();
        await _applier;
        Settle();
        lock (_applying)
            _tableClosed = true;
        _table.Dispose();
        if (_log.Hangs)
        {
            // A write that hangs in the disk may still land in the journal: no other owner may be there before this process is gone.
            Hanging.Add(this);
            return;
        }
        _segments.Dispose();
        _folder.Dispose();
    }

    private JournalPoint PointOf(JournalTail tail) => new(_superblock.Generation, tail.Sequence, tail.Link);

    private bool TryRead(JournalScan scan, long limit, List<JournalRecord> records)
    {
        records.Clear();
        if (!scan.TryNext(limit, out Frame frame))
            return false;
        if (PutReader.HoldsPuts(frame))
        {
            var puts = new PutReader(frame, _model.Words);
            while (puts.MoveNext())
                records.Add(new JournalRecord(puts.Sequence, JournalRecordKind.Put, puts.Id, puts.Code(), puts.Labels()));
            return true;
        }
        // The name of a stream changes no code: to a follower it is a position.
        JournalRecordKind kind = frame.Header.Kind == Payloads.StreamName ? JournalRecordKind.Position : (JournalRecordKind)frame.Header.Kind;
        ulong id = kind == JournalRecordKind.Remove ? Payloads.ReadRemove(frame.Payload) : 0;
        records.Add(new JournalRecord(frame.Sequence, kind, id, ReadOnlyMemory<ulong>.Empty, 0));
        return true;
    }

    private async Task ApplyLoopAsync()
    {
        while (await _wake.Reader.WaitToReadAsync())
        {
            _wake.Reader.TryRead(out _);
            Settle();
        }
    }

    /// <summary>Moves every durable change to the table and to its stream.</summary>
    private void ApplyDurable()
    {
        lock (_applying)
        {
            while (!_tableClosed && _pending.Peek(DurableSequence) is { } change)
            {
                if (change.Record is not null)
                    _table.Put(change.Id, change.Place);
                else if (change.TouchesTable)
                    _table.Remove(change.Id);
                change.Stream?.Advance(change.Position);
                _pending.Done();
            }
        }
    }
}
