using System.Buffers.Binary;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Backups;

/// <summary>A store's journal as one run of bytes, from where a copy ends to the durable tail at the moment of opening; each record is verified before its bytes are given out.</summary>
/// <remarks>
/// Has files of its own open, so neither the store's writer nor its end concerns it: what is durable never changes. What lies between
/// records is given out as the zeros it must be. One thread.
/// </remarks>
public sealed class BackupReader : IDisposable
{
    private const int EntryHeaderBytes = 4;

    private readonly JournalSegments _segments;
    private readonly JournalTail _end;
    private readonly JournalScan _scan;
    private Frame _frame;
    private long _position;

    private BackupReader(JournalSegments segments, Superblock source, JournalTail from, JournalTail end, bool continues)
    {
        _segments = segments;
        _end = end;
        _scan = new JournalScan(segments, source.PageBytes, from);
        _position = from.Address;
        _frame = default(Frame) with { EndAddress = from.Address };
        Offer = new BackupOffer((source with { Durable = end, Clean = true }).Write(), continues, from.Address);
    }

    /// <summary>What the receiver must know first.</summary>
    public BackupOffer Offer { get; }

    /// <summary>Bytes not yet read.</summary>
    public long LeftBytes => _end.Address - _position;

    /// <summary>Decides where a copy goes on.</summary>
    /// <param name="segments">Files for this reader alone, which disposes them.</param>
    /// <param name="source">Identity, begin and sizes of the journal.</param>
    /// <param name="end">The durable tail.</param>
    /// <param name="near">A known tail not behind a sequence, where a search for it may begin.</param>
    /// <param name="have">What the copy holds; null for a new one.</param>
    /// <exception cref="CodeStoreException">The copy is of another store or of another history, or the journal is damaged there.</exception>
    internal static BackupReader Open(JournalSegments segments, Superblock source, JournalTail end, Func<long, JournalTail> near, BackupPoint? have)
    {
        try
        {
            bool continues = have is { } point && Continues(segments, source, end, near, point);
            return new BackupReader(segments, source, continues ? TailOf(have!.Value) : source.Begin, end, continues);
        }
        catch
        {
            segments.Dispose();
            throw;
        }
    }

    /// <summary>Fills a buffer as far as there is something left.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    /// <exception cref="CodeStoreException">A record does not verify; all bytes given out before are good.</exception>
    public int Read(Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length && _position < _end.Address)
        {
            if (_position == _frame.EndAddress && !_scan.TryNext(_end.Address, out _frame))
                throw JournalRecovery.Damaged(_segments, _scan, _end);
            total += Copy(destination[total..]);
        }
        if (_position == _end.Address && _scan.Tail != _end)
            throw JournalRecovery.Damaged(_segments, _scan, _end);
        return total;
    }

    public void Dispose() => _segments.Dispose();

    private int Copy(Span<byte> destination)
    {
        long at = _position - _frame.Address;
        int frameEnd = EntryHeaderBytes + _frame.Bytes.Length;
        int length;
        if (at < 0 || at >= frameEnd)
        {
            // The rest of a page that had no room for the entry, or what aligns the next one.
            length = (int)Math.Min(destination.Length, (at < 0 ? _frame.Address : _frame.EndAddress) - _position);
            destination[..length].Clear();
        }
        else if (at < EntryHeaderBytes)
        {
            Span<byte> header = stackalloc byte[EntryHeaderBytes];
            BinaryPrimitives.WriteInt32LittleEndian(header, _frame.Bytes.Length);
            length = (int)Math.Min(destination.Length, EntryHeaderBytes - at);
            header.Slice((int)at, length).CopyTo(destination);
        }
        else
        {
            length = (int)Math.Min(destination.Length, frameEnd - at);
            _frame.Bytes.Span.Slice((int)at - EntryHeaderBytes, length).CopyTo(destination);
        }
        _position += length;
        return length;
    }

    private static bool Continues(JournalSegments segments, Superblock source, JournalTail end, Func<long, JournalTail> near, BackupPoint have)
    {
        if (have.StoreId != source.StoreId)
            throw Other($"the copy is of store {have.StoreId}, but this one is {source.StoreId}");
        if (have.Generation > source.Generation || have.Sequence > end.Sequence)
        {
            throw Other(
                $"the copy reaches generation {have.Generation}, sequence {have.Sequence}, but the store only generation {source.Generation}, sequence {end.Sequence}: it was restored from an older copy");
        }
        if (have.Generation < source.Generation)
            return false;
        JournalTail tail = TailOf(have);
        if (tail.Sequence < source.BeginSequence || tail.Address < source.BeginAddress)
            throw Other($"the copy ends with sequence {tail.Sequence} at address {tail.Address}, but the journal begins behind sequence {source.BeginSequence} at {source.BeginAddress}");
        // The next record repeats the checksum of the one before it: that alone proves that both histories are one.
        if (tail == end || (tail.Address < end.Address && new JournalScan(segments, source.PageBytes, tail).TryNext(end.Address, out _)))
            return true;
        var scan = new JournalScan(segments, source.PageBytes, near(have.Sequence + 1));
        while (scan.Tail.Sequence < have.Sequence && scan.TryNext(end.Address, out _))
        {
        }
        bool same = scan.Tail == tail && !scan.TryNext(end.Address, out _);
        if (same || scan.Problem is not null)
            throw JournalRecovery.Damaged(segments, scan, end);
        throw Other($"the store's record {have.Sequence} is not the one that the copy holds: one of them went on from an older copy");
    }

    private static JournalTail TailOf(BackupPoint point) => new(point.Sequence, point.Address, point.Link);

    private static CodeStoreException Other(string found) => new(
        CodeStoreProblem.OtherHistory, $"{found}; nothing was changed: keep the copy as it is, and name another folder for one of this store");
}
