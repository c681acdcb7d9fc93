using Microsoft.Win32.SafeHandles;

namespace HashGrid.Index.Persistence;

/// <summary>Replaces a file whole or not at all: temporary file, fsync, rename, fsync of the folder.</summary>
internal static class AtomicFile
{
    public static void Write(string path, Action<SafeFileHandle> write)
    {
        string full = Path.GetFullPath(path), folder = Path.GetDirectoryName(full)!;
        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (SafeFileHandle handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(handle);
                RandomAccess.FlushToDisk(handle);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        FolderSync.Flush(folder);
    }
}
