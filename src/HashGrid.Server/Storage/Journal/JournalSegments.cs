using System.Collections.Concurrent;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Journal;

/// <summary>The files of the journal, <c>journal/segment.N</c>: address A lies in segment A / size at offset A % size.</summary>
internal sealed class JournalSegments(IStorageFiles files, string folder, long segmentBytes) : IDisposable
{
    private readonly ConcurrentDictionary<int, IStorageFile> _open = new();
    private readonly Lock _creating = new();

    public long SegmentBytes => segmentBytes;

    public string BasePath { get; } = Path.Combine(folder, "segment");

    public string PathOf(int segment) => $"{BasePath}.{segment}";

    /// <summary>The file of a segment; null if it does not exist.</summary>
    public IStorageFile? Find(int segment)
    {
        if (_open.TryGetValue(segment, out IStorageFile? file))
            return file;
        lock (_creating)
        {
            if (_open.TryGetValue(segment, out file))
                return file;
            if (!files.Exists(PathOf(segment)))
                return null;
            return _open[segment] = files.Open(PathOf(segment), create: false);
        }
    }

    /// <summary>The file of a segment, created and durable in its folder.</summary>
    public IStorageFile Obtain(int segment)
    {
        if (Find(segment) is { } found)
            return found;
        lock (_creating)
        {
            if (_open.TryGetValue(segment, out IStorageFile? file))
                return file;
            file = files.Open(PathOf(segment), create: true);
            files.SyncDirectory(folder);
            return _open[segment] = file;
        }
    }

    /// <summary>Reads bytes, through ends of segments; what does not exist reads as zeros.</summary>
    /// <exception cref="CodeStoreException">The disk can not read them all.</exception>
    public void Read(long address, Span<byte> destination)
    {
        if (TryRead(address, destination) is { } failure)
        {
            throw new CodeStoreException(
                CodeStoreProblem.Damaged,
                $"the disk can not read all of the {destination.Length} bytes at journal address {address}: {failure.Message}; stop the server, check the disk, and run `hashgrid fsck`",
                address,
                failure);
        }
    }

    /// <summary>The same for who can go on without them.</summary>
    /// <returns>Null, or why the disk can not read them all.</returns>
    public IOException? TryRead(long address, Span<byte> destination)
    {
        try
        {
            ReadFiles(address, destination);
            return null;
        }
        catch (IOException e)
        {
            return e;
        }
    }

    public void Delete(int segment)
    {
        lock (_creating)
        {
            if (_open.TryRemove(segment, out IStorageFile? file))
                file.Dispose();
            files.Delete(PathOf(segment));
            files.SyncDirectory(folder);
        }
    }

    public void Dispose()
    {
        foreach (IStorageFile file in _open.Values)
            file.Dispose();
        _open.Clear();
    }

    private void ReadFiles(long address, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            long offset = address % segmentBytes;
            int part = (int)Math.Min(destination.Length, segmentBytes - offset);
            int read = Find((int)(address / segmentBytes))?.Read(destination[..part], offset) ?? 0;
            destination[read..part].Clear();
            destination = destination[part..];
            address += part;
        }
    }
}
