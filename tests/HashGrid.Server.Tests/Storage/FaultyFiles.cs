using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Tests.Storage;

/// <summary>The real disk, with operations on files of one name that fail or wait when the test says so.</summary>
internal sealed class FaultyFiles(string namePart) : IStorageFiles
{
    private volatile Exception? _onWrite;
    private volatile Exception? _onSync;
    private volatile Exception? _onChange;
    private volatile BadRange? _onRead;

    private readonly Lock _counting = new();
    private int _changes;
    private (int First, int Last, Exception Failure)? _onNth;

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
    public long? Free { get; set; }

    public void FailWrites(Exception e) => _onWrite = e;

    public void FailSyncs(Exception e) => _onSync = e;

    /// <summary>A read of a chosen file that touches these bytes of it fails.</summary>
    public void FailReads(long from, long to, Exception e) => _onRead = new BadRange(from, to, e);

    /// <summary>What a disk mounted for reading only says to everything but reading, of all files.</summary>
    public void FailChanges(Exception e) => _onChange = e;

    /// <summary>Changes to the chosen files since the last call of <see cref="FailChange"/>, the failed ones included.</summary>
    public int Changes
    {
        get
        {
            lock (_counting)
                return _changes;
        }
    }

    /// <summary>The n-th change to the chosen files from now on, counted from 1, fails; with <paramref name="forGood"/> all later ones, too.</summary>
    /// <remarks>Changes are writes, reservations, syncs, renames and deletions, and what makes, deletes or syncs folders. A failed sync has synced nothing, a failed change changed nothing.</remarks>
    public void FailChange(int number, bool forGood, Exception e)
    {
        lock (_counting)
            (_changes, _onNth) = (0, (number, forGood ? int.MaxValue : number, e));
    }

    public void Heal()
    {
        lock (_counting)
            _onNth = null;
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
        if (create && !DiskFiles.Instance.Exists(path))
            Change(path);
        IStorageFile file = DiskFiles.Instance.Open(path, create);
        return IsChosen(path) ? new FaultyFile(this, path, file) : file;
    }

    public bool Exists(string path) => DiskFiles.Instance.Exists(path);

    public void Delete(string path)
    {
        ThrowIfReadOnly();
        Change(path);
        DiskFiles.Instance.Delete(path);
    }

    public void Rename(string from, string to)
    {
        Change(from);
        DiskFiles.Instance.Rename(from, to);
    }

    public void CreateDirectory(string path)
    {
        if (!Directory.Exists(path))
            Change(path);
        DiskFiles.Instance.CreateDirectory(path);
    }

    public void DeleteDirectory(string path)
    {
        Change(path);
        DiskFiles.Instance.DeleteDirectory(path);
    }

    public IReadOnlyList<string> List(string folder) => DiskFiles.Instance.List(folder);

    public void SyncDirectory(string path)
    {
        if (Path.GetFileName(path).Contains(namePart, StringComparison.Ordinal))
        {
            FolderSyncBegan.Set();
            FolderSyncMayReturn.Wait();
        }
        Change(path);
        DiskFiles.Instance.SyncDirectory(path);
    }

    public long FreeBytes(string path)
    {
        OnFreeBytes?.Invoke();
        return Free ?? DiskFiles.Instance.FreeBytes(path);
    }

    private bool IsChosen(string path) => Path.GetFileName(path).Contains(namePart, StringComparison.Ordinal);

    private void Change(string path)
    {
        if (!IsChosen(path))
            return;
        lock (_counting)
        {
            _changes++;
            if (_onNth is { } nth && _changes >= nth.First && _changes <= nth.Last)
                throw nth.Failure;
        }
    }

    private void ThrowIfReadOnly()
    {
        if (_onChange is { } e)
            throw e;
    }

    private sealed record BadRange(long From, long To, Exception Failure);

    private sealed class FaultyFile(FaultyFiles owner, string path, IStorageFile inner) : IStorageFile
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
            owner.Change(path);
            inner.Write(source, offset);
        }

        public void Sync()
        {
            if (owner._onSync is { } e)
                throw e;
            owner.Change(path);
            owner.SyncBegan.Set();
            owner.SyncMayReturn.Wait();
            inner.Sync();
        }

        public void Reserve(long length)
        {
            owner.Change(path);
            inner.Reserve(length);
        }

        public void Dispose() => inner.Dispose();
    }
}
