using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Tests.Storage;

/// <summary>The real disk, with one operation on files of one name that fails or waits when the test says so.</summary>
internal sealed class FaultyFiles(string namePart) : IStorageFiles
{
    private volatile Exception? _onWrite;
    private volatile Exception? _onSync;
    private volatile Exception? _onChange;
    private volatile BadRange? _onRead;

    /// <summary>While not set, syncs of the chosen files wait.</summary>
    public ManualResetEventSlim SyncMayReturn { get; } = new(initialState: true);

    /// <summary>Set as soon as a sync of a chosen file begins.</summary>
    public ManualResetEventSlim SyncBegan { get; } = new();

    /// <summary>While not set, syncs of folders with the chosen name wait.</summary>
    public ManualResetEventSlim FolderSyncMayReturn { get; } = new(initialState: true);

    /// <summary>Set as soon as a sync of such a folder begins.</summary>
    public ManualResetEventSlim FolderSyncBegan { get; } = new();

    /// <summary>Called when somebody asks for the free space.</summary>
    public Action? OnFreeBytes { get; set; }

    /// <summary>What the disk says is free; null: the truth.</summary>
    public long? Free { get; init; }

    public void FailWrites(Exception e) => _onWrite = e;

    public void FailSyncs(Exception e) => _onSync = e;

    /// <summary>A read of a chosen file that touches these bytes of it fails.</summary>
    public void FailReads(long from, long to, Exception e) => _onRead = new BadRange(from, to, e);

    /// <summary>What a disk mounted for reading only says to everything but reading, of all files.</summary>
    public void FailChanges(Exception e) => _onChange = e;

    public void Heal()
    {
        _onWrite = _onSync = _onChange = null;
        _onRead = null;
    }

    public IDisposable? TryLock(string path)
    {
        ThrowIfReadOnly();
        return DiskFiles.Instance.TryLock(path);
    }

    public IStorageFile Open(string path, bool create)
    {
        ThrowIfReadOnly();
        IStorageFile file = DiskFiles.Instance.Open(path, create);
        return Path.GetFileName(path).Contains(namePart, StringComparison.Ordinal) ? new FaultyFile(this, file) : file;
    }

    public bool Exists(string path) => DiskFiles.Instance.Exists(path);

    public void Delete(string path)
    {
        ThrowIfReadOnly();
        DiskFiles.Instance.Delete(path);
    }

    public void Rename(string from, string to) => DiskFiles.Instance.Rename(from, to);

    public void CreateDirectory(string path) => DiskFiles.Instance.CreateDirectory(path);

    public void DeleteDirectory(string path) => DiskFiles.Instance.DeleteDirectory(path);

    public IReadOnlyList<string> List(string folder) => DiskFiles.Instance.List(folder);

    public void SyncDirectory(string path)
    {
        if (Path.GetFileName(path).Contains(namePart, StringComparison.Ordinal))
        {
            FolderSyncBegan.Set();
            FolderSyncMayReturn.Wait();
        }
        DiskFiles.Instance.SyncDirectory(path);
    }

    public long FreeBytes(string path)
    {
        OnFreeBytes?.Invoke();
        return Free ?? DiskFiles.Instance.FreeBytes(path);
    }

    private void ThrowIfReadOnly()
    {
        if (_onChange is { } e)
            throw e;
    }

    private sealed record BadRange(long From, long To, Exception Failure);

    private sealed class FaultyFile(FaultyFiles owner, IStorageFile inner) : IStorageFile
    {
        public long Length => inner.Length;

        public int Read(Span<byte> destination, long offset)
        {
            if (owner._onRead is { } bad && offset < bad.To && offset + destination.Length > bad.From)
                throw bad.Failure;
            return inner.Read(destination, offset);
        }

        public void Write(ReadOnlySpan<byte> source, long offset)
        {
            if ((owner._onWrite ?? owner._onChange) is { } e)
                throw e;
            inner.Write(source, offset);
        }

        public void Sync()
        {
            if (owner._onSync is { } e)
                throw e;
            owner.SyncBegan.Set();
            owner.SyncMayReturn.Wait();
            inner.Sync();
        }

        public void Reserve(long length) => inner.Reserve(length);

        public void Dispose() => inner.Dispose();
    }
}
