using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Checking;

/// <summary>Reads a store's files without changing or trusting them; works where a server would refuse.</summary>
/// <remarks>Independent of FASTER and of the server's own opening, so that a flaw there does not hide itself here. One thread.</remarks>
public sealed partial class StoreReader : IDisposable
{
    private readonly string _folder;
    private readonly IStorageFiles _files;
    private readonly List<StoreFinding> _findings = [];
    private readonly SortedSet<int> _present;
    private readonly Superblock? _superblock;
    private readonly JournalTail? _durable;
    private readonly int _generation;
    private readonly JournalSegments _segments;
    private readonly JournalWindow _window;
    private readonly EntryDecoder _decoder;
    private long _told; // what can not be read below this address was told

    private StoreReader(string folder, IStorageFiles files)
    {
        _folder = folder;
        _files = files;
        InUse = IsInUse();
        _superblock = ReadSuperblock();
        _generation = _superblock?.Generation ?? NewestGeneration();
        JournalTail? commit = ReadSlots(JournalCommits.NameOf(_generation), JournalCommits.Magic) is { } record ? JournalCommits.Read(record).Tail : null;
        _durable = commit is not null && commit.Sequence >= (_superblock?.Durable.Sequence ?? 0) ? commit : _superblock?.Durable;
        _present = Segments();
        _segments = new JournalSegments(_files, JournalFolder, _superblock?.SegmentBytes ?? GuessSegmentBytes());
        _window = new JournalWindow(_segments) { Extent = Extent() };
        _decoder = new EntryDecoder(_superblock?.Model);
    }

    /// <summary>A server owns the store now; what lies behind its last commit may be half written.</summary>
    public bool InUse { get; }

    /// <summary>From superblock or identity record; null as long as neither was read.</summary>
    public StoreModel? Model => _decoder.Model;

    /// <summary>From superblock or identity record; empty as long as neither was read.</summary>
    public Guid StoreId => _superblock?.StoreId ?? _decoder.StoreId;

    /// <summary>The last sequence that is known to have been durable; 0 if neither superblock nor commit record can be read.</summary>
    public long DurableSequence => _durable?.Sequence ?? 0;

    /// <summary>Behind the last frame that is known to have been durable.</summary>
    public long DurableAddress => _durable?.Address ?? 0;

    /// <summary>The last process said farewell.</summary>
    public bool ClosedCleanly => _superblock?.Clean ?? false;

    /// <summary>Opens the files of a store for reading.</summary>
    /// <exception cref="CodeStoreException">There is no store in the folder, or a newer HashGrid wrote it.</exception>
    /// <exception cref="IOException">The folder can not be read. Files of it that can not are findings.</exception>
    public static StoreReader Open(string folder) => Open(folder, DiskFiles.ReadOnly);

    /// <summary>The same on another disk than the real one: superblock, commit record and journal are read from there.</summary>
    public static StoreReader Open(string folder, IStorageFiles files)
    {
        StoreFolder.ThrowIfUnfinished(files, folder);
        if (!File.Exists(Path.Combine(folder, Superblock.FileName)) && !(Directory.Exists(folder) && Directory.EnumerateDirectories(folder, "journal*").Any()))
            throw new CodeStoreException(CodeStoreProblem.NotFound, $"there is no store in '{folder}': neither a superblock nor a journal; name the folder that `serve --data` was given");
        return new StoreReader(folder, files);
    }

    /// <summary>Every record that proves itself, in order, and every finding where it is met; once.</summary>
    /// <param name="ct">Checked between records.</param>
    public IEnumerable<JournalPiece> Walk(CancellationToken ct)
    {
        foreach (JournalPiece piece in WalkJournal(ct))
            yield return piece;
        foreach (StoreFinding unreadable in Unreadable(long.MaxValue))
            yield return unreadable;
    }

    public void Dispose()
    {
        _window.Dispose();
        _segments.Dispose();
    }

    private IEnumerable<JournalPiece> WalkJournal(CancellationToken ct)
    {
        foreach (StoreFinding finding in _findings)
            yield return finding;
        long begin = _superblock?.BeginAddress ?? JournalTail.FirstAddress;
        long extent = _window.Extent;
        // Without any known tail nothing can be called unfinished: all that proves itself counts.
        long durable = _durable?.Address ?? extent;
        foreach (StoreFinding missing in MissingSegments(begin, durable))
            yield return missing;

        bool ended = false;
        long contentEnd = begin; // an entry's last bytes only align the next one
        JournalTail last = _superblock?.Begin ?? new JournalTail(SequenceBefore(begin), begin, 0);
        bool linkKnown = _superblock is not null;
        while (last.Address < durable)
        {
            ct.ThrowIfCancellationRequested();
            (Frame Frame, string? Before)? next = NextFrame(last, durable, out string? problem);
            if (next is not { } found)
            {
                if (last.Sequence < DurableSequence)
                {
                    ended = true;
                    yield return Lost(last, durable, last.Sequence + 1, DurableSequence, problem ?? "the journal ends");
                }
                break;
            }
            Frame frame = found.Frame;
            foreach (StoreFinding unreadable in Unreadable(frame.Address))
                yield return unreadable;
            if (frame.Sequence > last.Sequence + 1)
                yield return Lost(last, frame.Address, last.Sequence + 1, frame.Sequence - 1, problem ?? "records are missing");
            else if (linkKnown && frame.Header.Link != last.Link)
                yield return Damage(frame.Address, $"record {frame.Sequence} follows checksum {frame.Header.Link:x8}, but the record before has {last.Link:x8}");
            else if (Padding(contentEnd, frame.Address) is { } padding)
                yield return padding;
            if (found.Before is { } before)
                yield return Damage(frame.Address, $"{before}; record {frame.Sequence} itself is whole");
            // The checks above moved the window on.
            _window.TryFrame(frame.Address, out frame, out _);
            last = frame.Tail;
            contentEnd = frame.Address + 4 + frame.Header.Length;
            linkKnown = true;
            foreach (JournalPiece piece in Decode(frame, behindTail: false))
                yield return piece;
        }
        if (_durable is null)
            yield break;
        if (last == _durable && Padding(contentEnd, durable) is { } end)
            yield return end;
        if (last != _durable && !ended)
        {
            yield return Damage(
                last.Address, $"the chain ends with record {last.Sequence} and checksum {last.Link:x8}, but record {DurableSequence} with {_durable.Link:x8} up to address {durable} was acknowledged");
        }
        foreach (JournalPiece piece in BehindTail(_durable, extent, ct))
            yield return piece;
    }

    private IEnumerable<JournalPiece> BehindTail(JournalTail last, long extent, CancellationToken ct)
    {
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            long page = _superblock?.PageBytes ?? 0;
            long nextPage = page == 0 ? last.Address : (last.Address / page + 1) * page;
            if (!(Continues(last.Address, last, out Frame frame) || Continues(nextPage, last, out frame)))
                break;
            last = frame.Tail;
            foreach (JournalPiece piece in Decode(frame, behindTail: true))
                yield return piece;
        }
        long rest = _window.FirstNonZero(last.Address, extent);
        if (rest < extent)
            yield return At(FindingSeverity.Note, rest, "an unfinished write behind the last record; it was never acknowledged, and the next start drops it");
    }

    private bool Continues(long address, JournalTail last, out Frame frame) =>
        _window.TryFrame(address, out frame, out string? problem) && problem is null && frame.Sequence == last.Sequence + 1 && frame.Header.Link == last.Link;

    /// <summary>The next frame below <paramref name="limit"/> that proves itself and has a later sequence.</summary>
    private (Frame Frame, string? Before)? NextFrame(JournalTail last, long limit, out string? problem)
    {
        if (!_window.TryFrame(last.Address, out Frame frame, out string? own))
            problem = own;
        else
            problem = $"record has sequence {frame.Sequence}, expected {last.Sequence + 1}";
        for (long address = last.Address; ; address += 4)
        {
            address = _window.FindFrame(address, limit);
            if (address >= limit)
                return null;
            _window.TryFrame(address, out frame, out own);
            // An older sequence is a stray from before; a later one than was ever durable can not lie below the tail.
            if (frame.Sequence > last.Sequence && (_durable is null || (frame.LastSequence <= DurableSequence && frame.EndAddress <= limit)))
                return (frame, own);
        }
    }

    private IReadOnlyList<JournalPiece> Decode(in Frame frame, bool behindTail)
    {
        try
        {
            return _decoder.Decode(frame, behindTail);
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            return [Damage(frame.Address, $"record {frame.Sequence} carries a valid checksum but a senseless payload: {e.Message}") with { FirstLost = frame.Sequence, LastLost = frame.LastSequence }];
        }
    }

    private StoreFinding Lost(JournalTail last, long next, long first, long end, string problem)
    {
        if (_window.Unreadable.Within(last.Address, next).Any())
            problem = "the disk can not read all of it";
        string range = first == end ? $"record {first} is lost" : $"records {first} to {end} are lost";
        return Damage(last.Address, $"{problem}; {range} in the {next - last.Address} bytes up to address {next}") with { FirstLost = first, LastLost = end };
    }

    /// <summary>What the disk could not read so far, below an address; each byte is told once.</summary>
    private IEnumerable<StoreFinding> Unreadable(long before)
    {
        foreach ((long from, long to) in _window.Unreadable.Within(_told, before))
            yield return Damage(from, $"{to - from} bytes can not be read: {_window.Unreadable.Problem}") with { UnreadableBytes = to - from };
        _told = before;
    }

    private StoreFinding? Padding(long from, long to) => _window.FirstNonZero(from, to) is long filled && filled < to
        ? Damage(filled, "bytes that only fill up to the next record are not zero; no record is lost by that")
        : null;

    private StoreFinding Damage(long address, string message) => At(FindingSeverity.Damage, address, message);

    private StoreFinding At(FindingSeverity severity, long address, string message) =>
        new(severity, $"{Superblock.JournalName(_generation)}/segment.{address / _segments.SegmentBytes}", address % _segments.SegmentBytes, message);
}
