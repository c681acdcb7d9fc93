using System.Diagnostics;

namespace HashGrid.Server.Storage.Journal;

internal sealed partial class JournalLog
{
    private void CommitLoop()
    {
        JournalTail noted = _superblock.Durable;
        long notedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            bool stopping;
            lock (_changed)
            {
                while (!_wanted && !_stopping && _fault is null)
                {
                    if (noted == _durable)
                        Monitor.Wait(_changed);
                    else if (!Monitor.Wait(_changed, _options.SuperblockInterval))
                        break;
                }
                stopping = _stopping && !_wanted;
                _wanted = false;
                if (_fault is not null)
                    return;
            }
            try
            {
                CommitOnce();
                if (Fault is not null)
                    return;
                if (stopping)
                {
                    Note(clean: true);
                    return;
                }
                if (noted != _durable && Stopwatch.GetElapsedTime(notedAt) >= _options.SuperblockInterval)
                {
                    Note(clean: false);
                    noted = _durable;
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

    private void CommitOnce()
    {
        JournalTail target;
        lock (_appending)
        {
            CloseFrame();
            target = _tail;
            if (target.Sequence == _durable.Sequence)
                return;
            lock (_changed)
                (_inFlight, _inFlightSince, _inFlightStarted) = (target, _groupSince, Stopwatch.GetTimestamp());
            _groupSince = 0;
            // Under the lock, so that FASTER commits exactly up to the frame noted above.
            _log.Commit(spinWait: false);
        }
        var watchdog = new StallTimer(_options.CommitTimeout, _options.Time);
        lock (_changed)
        {
            while (_fault is null && _durable.Sequence < target.Sequence)
            {
                if (!watchdog.Wait(_changed) && _fault is null && _durable.Sequence < target.Sequence)
                    Fail(CodeStoreProblem.Stalled, $"a commit did not finish within {_options.CommitTimeout.TotalSeconds:0.###} s", null);
            }
        }
    }

    /// <summary>The device holds everything below the address: record it, then wake who waits. Runs on FASTER's commit worker.</summary>
    private void OnCommitted(long untilAddress)
    {
        try
        {
            JournalTail tail;
            CommitReport report;
            lock (_changed)
            {
                if (_fault is not null || _inFlight is not { } target || target.Address > untilAddress)
                    return;
                tail = target;
                _inFlight = null;
                _commits.Write(_log.BeginAddress, tail);
                long now = Stopwatch.GetTimestamp();
                report = new CommitReport(
                    tail.Sequence, tail.Sequence - _durable.Sequence, now, Stopwatch.GetElapsedTime(_inFlightSince, now), Stopwatch.GetElapsedTime(_inFlightStarted, now));
                Volatile.Write(ref _durable, tail);
                Monitor.PulseAll(_changed);
            }
            // Before anybody can act on it, so that what follows the commit is measured from it.
            _options.Committed?.Invoke(report);
            _waiters.Advance(tail.Sequence);
        }
        catch (Exception e)
        {
            Fail(CodeStoreProblem.ReadOnly, "the commit record could not be written", e);
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
