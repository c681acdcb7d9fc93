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

    /// <summary>Watches the commit in flight, notes progress in the superblock now and then, and closes the journal. Sleeps while there is nothing to do.</summary>
    private void KeepLoop()
    {
        JournalTail noted = _superblock.Durable;
        long notedAt = Stopwatch.GetTimestamp();
        JournalTail? watched = null;
        var watchdog = new StallTimer(_options.CommitTimeout, _options.Time);
        TimeSpan tick = watchdog.Slice < _options.SuperblockInterval ? watchdog.Slice : _options.SuperblockInterval;
        while (true)
        {
            bool idle;
            lock (_changed)
            {
                if (_fault is not null)
                    return;
                idle = _inFlight is null && !_overdue;
                if (!ReferenceEquals(watched, _inFlight))
                    (watched, watchdog) = (_inFlight, new StallTimer(_options.CommitTimeout, _options.Time));
                if (!idle && !_overdue)
                {
                    if (!watchdog.Wait(_changed, tick) && ReferenceEquals(watched, _inFlight))
                        Fail(CodeStoreProblem.Stalled, $"a commit did not finish within {_options.CommitTimeout.TotalSeconds:0.###} s", null);
                }
                else if (idle && !_stopping)
                {
                    _dozing = noted == _durable;
                    Monitor.Wait(_changed, _dozing ? Timeout.InfiniteTimeSpan : tick);
                    _dozing = false;
                }
            }
            try
            {
                if (_overdue || (idle && _stopping))
                    CommitRest();
                if (_sealed)
                {
                    Note(clean: true);
                    return;
                }
                if (noted != _durable && Stopwatch.GetElapsedTime(notedAt) >= _options.SuperblockInterval)
                {
                    noted = _durable;
                    Note(clean: false);
                    notedAt = Stopwatch.GetTimestamp();
                }
            }
            catch (Exception e)
            {
                Fail(CodeStoreProblem.ReadOnly, "the journal could not commit", e);
                return;
            }
        }
    }

    /// <summary>Begins the commit that nobody else could begin. Once the journal closes and nothing is left to commit, nothing is from then on.</summary>
    private void CommitRest()
    {
        lock (_appending)
        {
            _overdue = false;
            CommitIfIdle();
            if (_stopping && _inFlight is null && Fault is null)
                _sealed = true;
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
            _overdue |= !entered;
            // To wake a thread takes some 20 us: only if one waits for this.
            if (_overdue || _stopping || _waitingForRoom > 0)
                Monitor.PulseAll(_changed);
        }
    }

    /// <summary>Null if the commit in flight is not covered, or was told before.</summary>
    private CommitReport? TakeCommitted(long untilAddress)
    {
        lock (_changed)
        {
            if (_fault is not null || _inFlight is not { } tail || tail.Address > untilAddress)
                return null;
            _inFlight = null;
            _commits.Write(_log.BeginAddress, tail);
            long now = Stopwatch.GetTimestamp();
            var report = new CommitReport(
                tail.Sequence, tail.Sequence - _durable.Sequence, now, Stopwatch.GetElapsedTime(_inFlightSince, now), Stopwatch.GetElapsedTime(_inFlightStarted, now));
            Volatile.Write(ref _durable, tail);
            return report;
        }
    }

    /// <summary>Makes commit record and superblock durable, so that later damage below this tail can not pass for an unfinished write.</summary>
    private void Note(bool clean)
    {
        _commits.Sync();
        lock (_marking)
            WriteSuperblock(_superblock with { BeginAddress = _log.BeginAddress, Durable = _durable, Clean = clean });
    }

    /// <summary>Before the first frame that needs it: a build that does not know such frames must refuse the store, and not call it damaged.</summary>
    private void TakeFormat(int format)
    {
        if (_superblock.Format >= format)
            return;
        try
        {
            lock (_marking)
                WriteSuperblock(_superblock with { Format = format, Clean = false });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fail(CodeStoreProblem.ReadOnly, "the superblock could not be written", e);
        }
    }

    private void WriteSuperblock(Superblock superblock)
    {
        _superblockFile.Write(superblock.Write());
        _superblockFile.Sync();
        _superblock = superblock;
    }
}
