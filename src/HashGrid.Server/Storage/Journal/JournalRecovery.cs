
namespace HashGrid.Server.Storage.Journal;

/// <summary>Proves where the journal ends when a store is opened.</summary>
/// <remarks>
/// Superblock and commit file name a durable tail; everything up to the later of the two was acknowledged and must verify, frame by
/// frame, else the store is damaged and does not open. Behind it, whole frames that continue the chain are kept: they were written,
/// and some were acknowledged before a power cut took the last commit record. The first one that does not verify is an unfinished
/// write: it and what follows is dropped, for it was never acknowledged.
/// </remarks>
internal static class JournalRecovery
{
    /// <summary>Runs over the frames from <paramref name="from"/> to the end, and makes that end durable.</summary>
    /// <param name="segments">The files.</param>
    /// <param name="superblock">The newest valid superblock.</param>
    /// <param name="commit">The newest valid commit record.</param>
    /// <param name="from">Where to start: the begin of the journal, or a tail whose views are known.</param>
    /// <param name="replay">Sees each frame once, in order.</param>
    /// <param name="ct">Checked between frames.</param>
    public static JournalTail Run(
        JournalSegments segments, Superblock superblock, JournalTail commit, JournalTail from, Action<Frame> replay, CancellationToken ct)
    {
        JournalTail durable = commit.Sequence >= superblock.Durable.Sequence ? commit : superblock.Durable;
        JournalTail tail = Prove(segments, superblock, durable, from, replay, ct);
        MakeDurable(segments, superblock.PageBytes, durable.Address, tail.Address);
        return tail;
    }

    /// <summary>The same without a change to any file: what lies behind the durable tail may be in memory alone.</summary>
    public static JournalTail Prove(
        JournalSegments segments, Superblock superblock, JournalTail durable, JournalTail from, Action<Frame> replay, CancellationToken ct)
    {
        var scan = new JournalScan(segments, superblock.PageBytes, from);
        while (scan.TryNext(durable.Address, out Frame frame))
        {
            Replay(replay, frame);
            ct.ThrowIfCancellationRequested();
        }
        if (scan.Tail != durable)
            throw Damaged(segments, scan, durable);
        while (scan.TryNext(long.MaxValue, out Frame frame))
        {
            Replay(replay, frame);
            ct.ThrowIfCancellationRequested();
        }
        return scan.Tail;
    }

    private static void Replay(Action<Frame> replay, in Frame frame)
    {
        try
        {
            replay(frame);
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            throw new CodeStoreException(
                CodeStoreProblem.Damaged,
                $"the journal frame with sequence {frame.Sequence} at address {frame.Address} carries a valid checksum but a senseless payload: {e.Message}; restore the folder from a copy",
                frame.Address,
                e);
        }
    }

    /// <summary>Where a scan ended too early, in words.</summary>
    public static CodeStoreException Damaged(JournalSegments segments, JournalScan scan, JournalTail durable)
    {
        string found = scan.Problem is { } problem
            ? $"at address {scan.ProblemAddress} ({segments.PathOf((int)(scan.ProblemAddress / segments.SegmentBytes))} offset {scan.ProblemAddress % segments.SegmentBytes}): {problem}"
            : $"at address {scan.Tail.Address}: the chain of frames ends with another frame than the one that was acknowledged";
        return new CodeStoreException(
            CodeStoreProblem.Damaged,
            $"the journal is damaged {found}; {durable.Sequence} records up to address {durable.Address} were acknowledged, {scan.Tail.Sequence} can be read; nothing was changed, restore the folder from a copy",
            scan.Problem is null ? scan.Tail.Address : scan.ProblemAddress);
    }

    /// <summary>
    /// Frames found in the page cache become durable before they count, and the page behind them is cleared, so that FASTER goes on in a clean page.
    /// </summary>
    private static void MakeDurable(JournalSegments segments, int pageBytes, long from, long tail)
    {
        long pageEnd = (tail / pageBytes + 1) * pageBytes;
        if (tail % pageBytes != 0)
        {
            int segment = (int)(tail / segments.SegmentBytes);
            long offset = tail % segments.SegmentBytes;
            if (segments.Find(segment) is { } file)
            {
                var rest = new byte[(int)(Math.Min(pageEnd - tail, Math.Max(0, file.Length - offset)))];
                file.Read(rest, offset);
                if (rest.AsSpan().IndexOfAnyExcept((byte)0) >= 0)
                {
                    rest.AsSpan().Clear();
                    file.Write(rest, offset);
                }
            }
        }
        for (int segment = (int)(from / segments.SegmentBytes); segment <= tail / segments.SegmentBytes; segment++)
            segments.Find(segment)?.Sync();
    }
}
