using System.Globalization;
using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Checking;

public sealed partial class StoreReader
{
    private IEnumerable<StoreFinding> MissingSegments(long begin, long durable)
    {
        for (long segment = begin / _segments.SegmentBytes; segment * _segments.SegmentBytes < durable; segment++)
        {
            if (!_present.Contains((int)segment) && Math.Max(begin, segment * _segments.SegmentBytes) < durable && DurableSequence > 0)
                yield return new StoreFinding(FindingSeverity.Damage, $"{Superblock.JournalName(_generation)}/segment.{segment}", 0, "the file is missing");
        }
    }

    private Superblock? ReadSuperblock()
    {
        if (ReadSlots(Superblock.FileName, Superblock.Magic) is not { } payload)
            return null;
        try
        {
            return Superblock.Read(payload, Path.Combine(_folder, Superblock.FileName));
        }
        catch (CodeStoreException e) when (e.Reason == CodeStoreProblem.Damaged)
        {
            _findings.Add(new StoreFinding(FindingSeverity.Damage, Superblock.FileName, 0, e.Message));
            return null;
        }
    }

    private byte[]? ReadSlots(string name, uint magic)
    {
        string path = Path.Combine(_folder, name);
        if (!File.Exists(path))
        {
            _findings.Add(new StoreFinding(name == Superblock.FileName ? FindingSeverity.Damage : FindingSeverity.Note, name, 0, "the file is missing"));
            return null;
        }
        SlotImage newest = default;
        List<StoreFinding> invalid = [];
        for (int slot = 0; slot < SlotFile.Slots; slot++)
        {
            if (ReadSlot(path, slot) is not { } bytes)
                continue;
            SlotImage image = SlotImage.Read(bytes, magic);
            if (image.Problem is { } problem)
                invalid.Add(new StoreFinding(FindingSeverity.Note, name, slot * SlotFile.SlotBytes, $"slot {slot} does not verify ({problem}): an unfinished write, or damage"));
            else if (image.Payload is not null && (newest.Payload is null || image.Generation > newest.Generation))
                newest = image;
        }
        // One slot may be torn by a power cut, never both.
        _findings.AddRange(newest.Payload is null ? invalid.Select(f => f with { Severity = FindingSeverity.Damage }) : invalid);
        if (newest.Payload is null && invalid.Count == 0 && name == Superblock.FileName && !_findings.Exists(finding => finding.File == name))
            _findings.Add(new StoreFinding(FindingSeverity.Damage, name, 0, "no slot was ever written, the file is empty"));
        return newest.Payload;
    }

    /// <summary>The bytes of a slot; null if the disk can not read them.</summary>
    private byte[]? ReadSlot(string path, int slot)
    {
        int offset = slot * SlotFile.SlotBytes;
        try
        {
            using IStorageFile file = _files.Open(path, create: false);
            var bytes = new byte[SlotFile.SlotBytes];
            file.Read(bytes, offset);
            return bytes;
        }
        catch (IOException e)
        {
            _findings.Add(new StoreFinding(FindingSeverity.Damage, Path.GetFileName(path), offset, $"slot {slot} can not be read: {e.Message}") { UnreadableBytes = SlotFile.SlotBytes });
            return null;
        }
    }

    // Other files in the folder are none of the store's business.
    private SortedSet<int> Segments() =>
        [.. _files.List(JournalFolder)
            .Select(name => int.TryParse(name.AsSpan(name.IndexOf('.') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int n) && name == $"segment.{n}" ? n : -1)
            .Where(n => n >= 0)];

    // All segments but the last one have their full length.
    private long GuessSegmentBytes() =>
        _present.Count > 1 ? new FileInfo(Path.Combine(JournalFolder, $"segment.{_present.Min}")).Length : 1L << 40;

    private long Extent() => _present.Count == 0 ? JournalTail.FirstAddress : _present.Max * _segments.SegmentBytes + (_segments.Find(_present.Max)?.Length ?? 0);

    private string JournalFolder => Path.Combine(_folder, Superblock.JournalName(_generation));

    // Without a superblock: a commit record is written last, so the newest one belongs to a journal that is whole.
    private int NewestGeneration() => _files.List(_folder)
        .Select(name => int.TryParse(Path.GetExtension(name).AsSpan().TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture, out int n) && name == JournalCommits.NameOf(n) ? n : 0)
        .Append(0)
        .Max();

    // A compacted journal does not begin with sequence 1; its first record, the store's identity, tells where.
    private long SequenceBefore(long begin) =>
        _window.TryFrame(begin, out Frame frame, out string? problem) && problem is null && frame.Header.Kind == (byte)JournalRecordKind.Identity ? frame.Sequence - 1 : 0;

    private bool IsInUse()
    {
        try
        {
            using FileStream? probe = File.Exists(Path.Combine(_folder, "lock"))
                ? new FileStream(Path.Combine(_folder, "lock"), FileMode.Open, FileAccess.Read, FileShare.Read)
                : null;
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
