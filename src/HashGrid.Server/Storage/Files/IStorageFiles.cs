namespace HashGrid.Server.Storage.Files;

/// <summary>The few file operations that durability rests on, so that tests can record, tear, reorder and fail them.</summary>
public interface IStorageFiles
{
    /// <summary>Opens a file for reading and writing.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="create">Creates the file if it is absent; else absence is a <see cref="FileNotFoundException"/>.</param>
    IStorageFile Open(string path, bool create);

    /// <summary>Makes this process the only owner of a file until it disposes of what is returned; the file is created if absent.</summary>
    /// <returns>Null if another process owns it.</returns>
    IDisposable? TryLock(string path);

    bool Exists(string path);

    void Delete(string path);

    /// <summary>Replaces <paramref name="to"/> in one step.</summary>
    void Rename(string from, string to);

    /// <summary>Creates a folder and its parents, each durable under its name; one that exists is left alone.</summary>
    void CreateDirectory(string path);

    /// <summary>Removes an empty folder; one that is absent, or holds something, is left so.</summary>
    void DeleteDirectory(string path);

    /// <summary>Names of the files in a folder, in no order; none if there is no such folder.</summary>
    IReadOnlyList<string> List(string folder);

    /// <summary>Makes created, renamed and deleted names in a folder durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Bytes that may still be written to the disk of this folder.</summary>
    long FreeBytes(string path);
}
