namespace HashGrid.Server.Storage.Files;

/// <summary>The real disk.</summary>
public sealed class DiskFiles : IStorageFiles
{
    public static DiskFiles Instance { get; } = new();

    public IStorageFile Open(string path, bool create) => new DiskFile(path, create);

    public bool Exists(string path) => File.Exists(path);

    public void Delete(string path) => File.Delete(path);

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public void CreateDirectory(string path) => Directory.CreateDirectory(path);

    public void SyncDirectory(string path)
    {
        // Windows makes names durable with the file; elsewhere the folder is a file of its own to be synced.
        if (!OperatingSystem.IsWindows())
            Posix.SyncDirectory(path);
    }

    public long FreeBytes(string path) => new DriveInfo(path).AvailableFreeSpace;
}
