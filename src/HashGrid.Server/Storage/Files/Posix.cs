using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HashGrid.Server.Storage.Files;

/// <summary>The system calls that .NET does not offer.</summary>
internal static partial class Posix
{
    private const int NoSpace = 28;
    private const int Interrupted = 4;
    private const int NotSupported = 95;
    private const int PriorityOfProcess = 0;
    private const int Nice = 15;
    private const int HugePages = 14;

    public static void SyncData(SafeFileHandle handle)
    {
        while (fdatasync(handle) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw Failure("fdatasync", Marshal.GetLastPInvokeError());
        }
    }

    public static void SyncDirectory(string path)
    {
        // O_RDONLY; a folder can not be opened through File.OpenHandle.
        using SafeFileHandle handle = open(path, 0);
        if (handle.IsInvalid)
            throw Failure($"open {path}", Marshal.GetLastPInvokeError());
        while (fsync(handle) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw Failure($"fsync {path}", Marshal.GetLastPInvokeError());
        }
    }

    public static void Allocate(SafeFileHandle handle, long offset, long length)
    {
        // Unlike errno, the error is the return value.
        int error = posix_fallocate(handle, offset, length);
        if (error == NotSupported)
            RandomAccess.SetLength(handle, offset + length);
        else if (error != 0)
            throw Failure("posix_fallocate", error);
    }

    /// <summary>Lets all other threads of the machine go first, for as long as this thread lives. Without effect outside of Linux.</summary>
    public static void LowerPriorityOfThisThread()
    {
        // On Linux each thread has a niceness of its own, and 0 names the calling one; .NET's Thread.Priority does nothing there.
        if (OperatingSystem.IsLinux())
            _ = setpriority(PriorityOfProcess, 0, Nice);
    }

    /// <summary>Asks for large pages where memory is read at random and not touched yet; the whole ones inside of the range. Without effect outside of Linux.</summary>
    public static unsafe void AdviseHugePages(void* start, long length)
    {
        nint page = Environment.SystemPageSize;
        nint first = ((nint)start + page - 1) / page * page, end = ((nint)start + (nint)length) / page * page;
        if (OperatingSystem.IsLinux() && first < end)
            _ = madvise((void*)first, (nuint)(end - first), HugePages);
    }

    /// <summary>The device said that it has no more space.</summary>
    public static bool IsDiskFull(Exception exception) =>
        exception is IOException io && (io.HResult == NoSpace || (io.HResult & 0xFFFF) is 0x70 or 0x27);

    private static IOException Failure(string call, int error) => new($"{call} failed: {Marshal.GetPInvokeErrorMessage(error)}", error);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle handle);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle handle);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int posix_fallocate(SafeFileHandle handle, long offset, long length);

    [LibraryImport("libc")]
    private static partial int setpriority(int which, int who, int priority);

    [LibraryImport("libc")]
    private static unsafe partial int madvise(void* start, nuint length, int advice);
}
