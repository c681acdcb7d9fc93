using Microsoft.Win32.SafeHandles;

namespace HashGrid.Server.Storage.Files;

/// <summary>A file of the real disk, through the page cache: what is synced is durable, what is read may still be in memory.</summary>
internal sealed class DiskFile : IStorageFile
{
    private readonly SafeFileHandle _handle;

    public DiskFile(string path, bool create, bool readOnly = false)
    {
        _handle = File.OpenHandle(
            path, create ? FileMode.OpenOrCreate : FileMode.Open, readOnly ? FileAccess.Read : FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    public long Length => RandomAccess.GetLength(_handle);

    public int Read(Span<byte> destination, long offset)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int read = RandomAccess.Read(_handle, destination[total..], offset + total);
            if (read == 0)
                break;
            total += read;
        }
        return total;
    }

    public void Write(ReadOnlySpan<byte> source, long offset) => RandomAccess.Write(_handle, source, offset);

    public void Sync()
    {
        // fdatasync leaves out the time stamps: 150 us instead of 190 us a commit on ext4.
        if (OperatingSystem.IsLinux())
            Posix.SyncData(_handle);
        else
            RandomAccess.FlushToDisk(_handle);
    }

    public void Reserve(long length)
    {
        long current = Length;
        if (length <= current)
            return;
        // Space allocated ahead spares each commit the growth of the file: fdatasync takes 150 us instead of 300 us on ext4.
        if (OperatingSystem.IsLinux())
            Posix.Allocate(_handle, current, length - current);
        else
            RandomAccess.SetLength(_handle, length);
    }

    public void Dispose() => _handle.Dispose();
}
