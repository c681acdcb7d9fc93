namespace HashGrid.Server.Storage.Files;

/// <summary>The real disk.</summary>
public sealed class DiskFiles : IStorageFiles
{
    // What a file in another's hands is called by the kernels: EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION.
    private static readonly int[] SharingViolations = [11, 35, unchecked((int)0x80070020)];

    private readonly bool _readOnly;

    private DiskFiles(bool readOnly) => _readOnly = readOnly;

    public static DiskFiles Instance { get; } = new(readOnly: false);

    /// <summary>The same disk for those who only look: opening for reading needs no right to write, and every change is refused.</summary>
    public static DiskFiles ReadOnly { get; } = new(readOnly: true);

    public IStorageFile Open(string path, bool create)
    {
        if (create)
            RefuseIfReadOnly();
        return new DiskFile(path, create, _readOnly);
    }

    public IDisposable? TryLock(string path)
    {
        RefuseIfReadOnly();
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (SharingViolations.Contains(e.HResult))
        {
            return null;
        }
    }

    public bool Exists(string path) => File.Exists(path);

    public void Delete(string path)
    {
        RefuseIfReadOnly();
        File.Delete(path);
    }

    public void Rename(string from, string to)
    {
        RefuseIfReadOnly();
        File.Move(from, to, overwrite: true);
    }

    public void CreateDirectory(string path)
    {
        RefuseIfReadOnly();
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(full))
            return;
        string? parent = Path.GetDirectoryName(full);
        if (parent is not null)
            CreateDirectory(parent);
        Directory.CreateDirectory(full);
        if (parent is not null)
            SyncDirectory(parent);
    }

    public void DeleteDirectory(string path)
    {
        RefuseIfReadOnly();
        if (!Directory.Exists(path) || Directory.EnumerateFileSystemEntries(path).Any())
            return;
        Directory.Delete(path);
        if (Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) is { } parent)
            SyncDirectory(parent);
    }

    public IReadOnlyList<string> List(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path))] : [];

    public void SyncDirectory(string path)
    {
        // Windows makes names durable with the file; elsewhere the folder is a file of its own to be synced.
        if (!OperatingSystem.IsWindows())
            Posix.SyncDirectory(path);
    }

    public long FreeBytes(string path) => new DriveInfo(path).AvailableFreeSpace;

    private void RefuseIfReadOnly()
    {
        if (_readOnly)
            throw new InvalidOperationException("these files are open for reading only");
    }
}
