using System.Diagnostics;

namespace HashGrid.Server.Storage.Journal;

internal sealed partial class JournalLog
{
    private static readonly TimeSpan BeginPatience = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Begins a commit of all that was appended, unless one is in flight: then the group goes on growing, and the thread that tells of that commit
    /// comes here. Nobody has to be woken for it. Under <see cref="_appending"/>; does not wait for the device.
    /// </summary>
    private void CommitIfIdle()
    {
        // FASTER would never tell of a commit without anything new, so what is in flight and what is durable are looked at together.
        lock (_changed)
        {
            if (_inFlight is not null || _sealed || _fault is not null || (_puts.Count == 0 && _tail.Sequence == _durable.Sequence))
                return;
        }
        CloseFrame();
        JournalTail target = _tail;
        lock (_changed)
        {
            (_inFlight, _inFlightSince, _inFlightStarted) = (target, _groupSince, Stopwatch.GetTimestamp());
            if (_dozing)
                Monitor.PulseAll(_changed);
        }
        _groupSince = 0;
        try
        {
            // Under the lock of appends, so that FASTER commits exactly up to the frame noted above.
            _log.Commit(spinWait: false);
        }
        catch (Exception e)
        {
            Fail(CodeStoreProblem.ReadOnly, "the journal could not commit", e);
        }
    }

    // Under _changed: what may hang when the disk does.
    private object? AwaitedCommit => _inFlight ?? _overdue;

    private object? AwaitedNote => _noting ?? _raising;

    /// <summary>
    /// Watches whatever waits for the disk, has progress noted in the superblock now and then, and closes the journal. Touches no file itself, or a
    /// disk that hangs would take its watchdog along. Sleeps while there is nothing to do.
    /// </summary>
    private void KeepLoop()
    {
        JournalTail noted = _superblock.Durable;
        long notedAt = Stopwatch.GetTimestamp();
        bool closing = false;
        // Commits come and go beside a note that hangs, so each has a watch of its own.
        StallWatch commits = new(_options.CommitTimeout), notes = new(_options.CommitTimeout);
        TimeSpan tick = commits.Slice < _options.SuperblockInterval ? commits.Slice : _options.SuperblockInterval;
        while (true)
        {
            bool rest, note;
            lock (_changed)
            {
                if (_fault is not null || (closing && _noting is null))
                    return;
                commits.Look(AwaitedCommit);
                notes.Look(AwaitedNote);
                if ((AwaitedCommit ?? AwaitedNote) is not null)
                {
                    long began = _options.Time.GetTimestamp();
                    Monitor.Wait(_changed, tick);
                    TimeSpan waited = _options.Time.GetElapsedTime(began);
                    bool noCommit = commits.IsStalled(AwaitedCommit, waited, tick);
                    if (noCommit || notes.IsStalled(AwaitedNote, waited, tick))
                    {
                        Fail(CodeStoreProblem.Stalled, $"{(noCommit ? "a commit did not finish" : "the superblock was not written")} within {_options.CommitTimeout.TotalSeconds:0.###} s", null);
                        return;
                    }
                }
                else if (!_stopping)
                {
                    _dozing = noted == _durable;
                    Monitor.Wait(_changed, _dozing ? Timeout.InfiniteTimeSpan : tick);
                    _dozing = false;
                }
                rest = _overdue is not null || (_stopping && !_sealed && _inFlight is null);
                note = _noting is null && !closing && (_sealed || (!_stopping && noted != _durable && Stopwatch.GetElapsedTime(notedAt) >= _options.SuperblockInterval));
            }
            if (rest)
                CommitRest();
            if (!note)
                continue;
            (noted, notedAt, closing) = (Durable, Stopwatch.GetTimestamp(), _sealed);
            BeginNote(clean: closing);
        }
    }

    /// <summary>Begins the commit that nobody else could begin. Once the journal closes and nothing is left to commit, nothing is from then on.</summary>
    private void CommitRest()
    {
        // Who holds the lock may wait for the disk, to raise the format; the keeper comes again.
        if (!_appending.TryEnter(BeginPatience))
            return;
        try
        {
            lock (_changed)
                _overdue = null;
            CommitIfIdle();
            lock (_changed)
                _sealed = _stopping && _inFlight is null && _fault is null;
        }
        finally
        {
            _appending.Exit();
        }
    }

    /// <summary>The device has synced a batch and FASTER has noted it: FASTER's own word comes later, from a thread that has to be woken first.</summary>
    private void OnWritten() => OnCommitted(_log.FlushedUntilAddress);

    /// <summary>The device holds everything below the address: record it, then wake who waits. Runs on the device's thread or on FASTER's commit worker, whichever comes first.</summary>
    private void OnCommitted(long untilAddress)
    {
        try
        {
            // Commits are told one after the other, whichever thread brings the word.
            lock (_telling)
            {
                if (TakeCommitted(untilAddress) is not { } report)
                    return;
                // Before anybody can act on it, so that what follows the commit is measured from it.
                _options.Committed?.Invoke(report);
                _waiters.Advance(report.Sequence);
                Advanced?.Invoke();
            }
            BeginNext();
        }
        catch (Exception e)
        {
            Fail(CodeStoreProblem.ReadOnly, "the commit record could not be written", e);
        }
    }

    /// <summary>After a commit: begins the next, and wakes those who wait for room or for the end.</summary>
    private void BeginNext()
    {
        // Who appends holds the lock for microseconds and never waits for the device; a bound all the same, since this thread is the device's.
        bool entered = _appending.TryEnter(BeginPatience);
        try
        {
            if (entered)
                CommitIfIdle();
        }
        finally
        {
            if (entered)
                _appending.Exit();
        }
        lock (_changed)
        {
            if (!entered)
                _overdue ??= new object();
            // To wake a thread takes some 20 us: only if one waits for this.
            if (!entered || _stopping || _waitingForRoom > 0)
                Monitor.PulseAll(_changed);
        }
    }

    /// <summary>Records the commit in flight. Null if it is not covered, was told before, or is in doubt by now. Under <see cref="_telling"/>.</summary>
    private CommitReport? TakeCommitted(long untilAddress)
    {
        JournalTail? tail;
        lock (_changed)
            tail = _inFlight;
        if (tail is null || tail.Address > untilAddress)
            return null;
        // Not under the lock that the watchdog needs: a disk may hang in any write.
        _commits.Write(_log.BeginAddress, tail);
        lock (_changed)
        {
            if (_fault is not null)
                return null;
            _inFlight = null;
            long now = Stopwatch.GetTimestamp();
            var report = new CommitReport(
                tail.Sequence, tail.Sequence - _durable.Sequence, now, Stopwatch.GetElapsedTime(_inFlightSince, now), Stopwatch.GetElapsedTime(_inFlightStarted, now));
            Volatile.Write(ref _durable, tail);
            return report;
        }
    }

    /// <summary>Has the superblock written on another thread, so that later damage below the durable tail can not pass for an unfinished write.</summary>
    private void BeginNote(bool clean)
    {
        JournalTail durable = Durable;
        object note = new();
        lock (_changed)
            _noting = note;
        Task.Run(() =>
        {
            try
            {
                if (clean)
                    _commits.Sync();
                lock (_marking)
                    WriteSuperblock(_superblock with { BeginAddress = _log.BeginAddress, Durable = durable, Clean = clean });
            }
            catch (Exception e)
            {
                Fail(CodeStoreProblem.ReadOnly, "the superblock could not be written", e);
            }
            lock (_changed)
            {
                if (ReferenceEquals(_noting, note))
                    _noting = null;
                Monitor.PulseAll(_changed);
            }
        });
    }

    /// <summary>Before the first frame that needs it: a build that does not know such frames must refuse the store, and not call it damaged.</summary>
    private void TakeFormat(int format)
    {
        if (_superblock.Format >= format)
            return;
        lock (_changed)
        {
            _raising = new object();
            if (_dozing)
                Monitor.PulseAll(_changed);
        }
        try
        {
            lock (_marking)
                WriteSuperblock(_superblock with { Format = format, Clean = false });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fail(CodeStoreProblem.ReadOnly, "the superblock could not be written", e);
        }
        finally
        {
            lock (_changed)
                _raising = null;
        }
    }

    private void WriteSuperblock(Superblock superblock)
    {
        _superblockFile.Write(superblock.Write());
        _superblockFile.Sync();
        _superblock = superblock;
    }
}
