
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
    /// <remarks>They are written again: after a sync that failed, the kernel calls pages clean that never reached the disk, and a later sync has nothing to do.</remarks>
    private static void MakeDurable(JournalSegments segments, int pageBytes, long from, long tail)
    {
        var buffer = new byte[pageBytes];
        for (long address = from; address < tail;)
        {
            long next = Math.Min(tail, (address / pageBytes + 1) * pageBytes);
            Rewrite(segments, address, buffer.AsSpan(0, (int)(next - address)));
            address = next;
        }
        if (tail % pageBytes != 0)
            Clear(segments, tail, buffer.AsSpan(0, pageBytes - (int)(tail % pageBytes)));
        for (int segment = (int)(from / segments.SegmentBytes); segment <= tail / segments.SegmentBytes; segment++)
            segments.Find(segment)?.Sync();
    }

    private static void Rewrite(JournalSegments segments, long address, Span<byte> buffer)
    {
        if (segments.Find((int)(address / segments.SegmentBytes)) is not { } file)
            return;
        long offset = address % segments.SegmentBytes;
        file.Write(buffer[..file.Read(buffer, offset)], offset);
    }

    private static void Clear(JournalSegments segments, long address, Span<byte> buffer)
    {
        if (segments.Find((int)(address / segments.SegmentBytes)) is not { } file)
            return;
        long offset = address % segments.SegmentBytes;
        Span<byte> rest = buffer[..file.Read(buffer, offset)];
        if (rest.IndexOfAnyExcept((byte)0) < 0)
            return;
        rest.Clear();
        file.Write(rest, offset);
    }
}
