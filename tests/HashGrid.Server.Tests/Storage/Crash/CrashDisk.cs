using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Tests.Storage.Crash;

/// <summary>A disk in memory that remembers every write, sync and name in order, so that any crash can be played afterwards.</summary>
/// <param name="durable">What it holds at first, durably.</param>
/// <param name="syncsLie">Syncs return and do nothing, as on a disk that ignores flushes.</param>
internal sealed class CrashDisk(IReadOnlyDictionary<string, byte[]> durable, bool syncsLie = false)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, MemoryFile> _files = durable.ToDictionary(file => file.Key, file => new MemoryFile(file.Value));
    private readonly List<DiskEvent> _events = [];

    /// <summary>While set, syncs of files whose name holds this fail.</summary>
    public string? FailingSyncs { get; set; }

    /// <summary>What was durable before the first event.</summary>
    public IReadOnlyDictionary<string, byte[]> Durable => durable;

    /// <summary>Everything so far.</summary>
    public DiskEvent[] Events()
    {
        lock (_lock)
            return [.. _events];
    }

    /// <summary>What a process sees now.</summary>
    public Dictionary<string, byte[]> Content()
    {
        lock (_lock)
            return _files.ToDictionary(file => file.Key, file => file.Value.ToArray());
    }

    public void Acknowledge(long sequence) => Note(new DiskEvent.Acknowledged(sequence));

    /// <summary>The disk as one process sees it. A process that is killed changes nothing any more.</summary>
    public Session Open() => new(this);

    private void Note(DiskEvent step)
    {
        lock (_lock)
            _events.Add(step);
    }

    /// <summary>A process with files open.</summary>
    internal sealed class Session(CrashDisk disk) : IStorageFiles
    {
        private volatile bool _killed;

        public void Kill() => _killed = true;

        public IStorageFile Open(string path, bool create)
        {
            lock (disk._lock)
            {
                ThrowIfKilled();
                if (!disk._files.TryGetValue(path, out MemoryFile? file))
                {
                    if (!create)
                        throw new FileNotFoundException(path);
                    disk._files[path] = file = new MemoryFile([]);
                    disk._events.Add(new DiskEvent.Created(path));
                }
                return new Handle(this, disk, path, file);
            }
        }

        public IDisposable? TryLock(string path) => DiskFiles.Instance.TryLock(path);

        public bool Exists(string path)
        {
            lock (disk._lock)
                return disk._files.ContainsKey(path);
        }

        public void Delete(string path)
        {
            lock (disk._lock)
            {
                ThrowIfKilled();
                if (disk._files.Remove(path))
                    disk._events.Add(new DiskEvent.Deleted(path));
            }
        }

        public void Rename(string from, string to) => throw new NotSupportedException("the store renames nothing");

        // The lock file and the code table are real, and need a real folder.
        public void CreateDirectory(string path) => Directory.CreateDirectory(path);

        // The folders are real and hold nothing of the disk's; a name in one goes by itself.
        public void DeleteDirectory(string path)
        {
        }

        public IReadOnlyList<string> List(string folder)
        {
            lock (disk._lock)
                return [.. disk._files.Keys.Where(path => Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path))];
        }

        public void SyncDirectory(string path)
        {
            lock (disk._lock)
            {
                ThrowIfKilled();
                if (!disk.SyncsLie)
                    disk._events.Add(new DiskEvent.FolderSynced(path, disk._events.Count));
            }
        }

        public long FreeBytes(string path) => long.MaxValue;

        public void ThrowIfKilled()
        {
            if (_killed)
                throw new IOException("the process was killed");
        }
    }

    private bool SyncsLie => syncsLie;

    private sealed class Handle(Session session, CrashDisk disk, string path, MemoryFile file) : IStorageFile
    {
        public long Length
        {
            get
            {
                lock (disk._lock)
                    return file.Length;
            }
        }

        public int Read(Span<byte> destination, long offset)
        {
            lock (disk._lock)
                return file.Read(destination, offset);
        }

        public void Write(ReadOnlySpan<byte> source, long offset)
        {
            lock (disk._lock)
            {
                session.ThrowIfKilled();
                file.Write(source, offset);
                disk._events.Add(new DiskEvent.Wrote(path, offset, source.ToArray()));
            }
        }

        public void Sync()
        {
            int covers;
            lock (disk._lock)
                covers = disk._events.Count;
            // What is written meanwhile is not covered.
            Thread.Yield();
            lock (disk._lock)
            {
                session.ThrowIfKilled();
                if (disk.FailingSyncs is { } failing && Path.GetFileName(path).Contains(failing, StringComparison.Ordinal))
                {
                    disk._events.Add(new DiskEvent.SyncFailed(path, covers));
                    throw new IOException("Input/output error", 5);
                }
                if (!disk.SyncsLie)
                    disk._events.Add(new DiskEvent.Synced(path, covers));
            }
        }

        public void Reserve(long length)
        {
            lock (disk._lock)
            {
                session.ThrowIfKilled();
                if (length <= file.Length)
                    return;
                file.Extend(length);
                disk._events.Add(new DiskEvent.Reserved(path, length));
            }
        }

        public void Dispose()
        {
        }
    }
}
