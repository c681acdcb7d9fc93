namespace HashGrid.Server.Tests.Storage.Crash;

/// <summary>A moment at which the power fails, and everything that the disk may then hold.</summary>
/// <remarks>
/// What a completed sync covers is there. Of the rest, each piece is there or not, independent of the others and of the order of the
/// writes: each 512-byte sector of each write, each growth of a file, each name that came or went. What a failed sync left in doubt stays so.
/// </remarks>
internal sealed class CrashPoint
{
    private const int SectorBytes = 512;

    private readonly CrashDisk _disk;
    private readonly DiskEvent[] _events;
    private readonly bool[] _durable;
    private readonly bool[] _lost;
    private readonly List<(int Event, int Sector)> _pieces = [];

    /// <param name="disk">The disk.</param>
    /// <param name="events">Its events up to the crash.</param>
    public CrashPoint(CrashDisk disk, DiskEvent[] events)
    {
        _disk = disk;
        _events = events;
        _durable = new bool[events.Length];
        _lost = new bool[events.Length];
        for (int i = 0; i < events.Length; i++)
        {
            if (events[i] is DiskEvent.SyncFailed failed)
                Lose(failed);
            else if (events[i] is DiskEvent.Synced synced)
                Cover(synced.Covers, step => step is DiskEvent.Wrote wrote ? wrote.Path == synced.Path : step is DiskEvent.Reserved reserved && reserved.Path == synced.Path);
            else if (events[i] is DiskEvent.FolderSynced folder)
                Cover(folder.Covers, step => NameOf(step) is { } path && Path.GetDirectoryName(path) == folder.Folder);
            else if (events[i] is DiskEvent.Acknowledged acknowledged)
                Acknowledged = Math.Max(Acknowledged, acknowledged.Sequence);
        }
        for (int i = 0; i < events.Length; i++)
        {
            if (_durable[i] || events[i] is DiskEvent.Synced or DiskEvent.SyncFailed or DiskEvent.FolderSynced or DiskEvent.Acknowledged)
                continue;
            if (events[i] is DiskEvent.Wrote wrote)
                _pieces.AddRange(Sectors(wrote).Select(sector => (i, sector)));
            else
                _pieces.Add((i, 0));
        }
    }

    /// <summary>The last sequence that a client had been told to be durable.</summary>
    public long Acknowledged { get; }

    /// <summary>Pieces that may or may not be on the disk.</summary>
    public int Pieces => _pieces.Count;

    /// <summary>The write, growth or name that a piece belongs to.</summary>
    public int EventOf(int piece) => _pieces[piece].Event;

    /// <summary>The disk after the crash.</summary>
    /// <param name="survives">Whether a piece, by its number, is on the disk.</param>
    public Dictionary<string, byte[]> State(Func<int, bool> survives)
    {
        HashSet<(int, int)> kept = [.. _pieces.Where((_, piece) => survives(piece))];
        Dictionary<string, MemoryFile> files = _disk.Durable.ToDictionary(file => file.Key, file => new MemoryFile(file.Value));
        HashSet<string> names = [.. files.Keys];
        for (int i = 0; i < _events.Length; i++)
        {
            bool whole = _durable[i] || kept.Contains((i, 0));
            switch (_events[i])
            {
                case DiskEvent.Created created:
                    files[created.Path] = new MemoryFile([]);
                    if (whole)
                        names.Add(created.Path);
                    break;
                case DiskEvent.Deleted deleted when whole:
                    names.Remove(deleted.Path);
                    break;
                case DiskEvent.Reserved reserved when whole:
                    files[reserved.Path].Extend(reserved.Length);
                    break;
                case DiskEvent.Wrote wrote:
                    foreach (int sector in Sectors(wrote).Where(sector => _durable[i] || kept.Contains((i, sector))))
                        WriteSector(files[wrote.Path], wrote, sector);
                    break;
            }
        }
        return names.ToDictionary(path => path, path => files[path].ToArray());
    }

    private static void WriteSector(MemoryFile file, DiskEvent.Wrote wrote, int sector)
    {
        long from = Math.Max(wrote.Offset, (long)sector * SectorBytes);
        long to = Math.Min(wrote.Offset + wrote.Data.Length, (sector + 1L) * SectorBytes);
        file.Write(wrote.Data.AsSpan((int)(from - wrote.Offset), (int)(to - from)), from);
    }

    private static IEnumerable<int> Sectors(DiskEvent.Wrote wrote)
    {
        int first = (int)(wrote.Offset / SectorBytes), last = (int)((wrote.Offset + wrote.Data.Length - 1) / SectorBytes);
        return Enumerable.Range(first, last - first + 1);
    }

    private static string? NameOf(DiskEvent step) => step switch
    {
        DiskEvent.Created created => created.Path,
        DiskEvent.Deleted deleted => deleted.Path,
        _ => null,
    };

    private void Cover(int before, Func<DiskEvent, bool> which)
    {
        for (int i = 0; i < before; i++)
            _durable[i] |= !_lost[i] && which(_events[i]);
    }

    private void Lose(DiskEvent.SyncFailed failed)
    {
        for (int i = 0; i < failed.Covers; i++)
            _lost[i] |= !_durable[i] && _events[i] is DiskEvent.Wrote wrote && wrote.Path == failed.Path;
    }
}
