using System.Runtime.InteropServices;

namespace HashGrid.Index.Tests.Support;

/// <summary>Words that end exactly where a page without access begins, so that a kernel that reads one byte too far faults.</summary>
/// <remarks>On systems without mprotect the words lie in plain memory, and only results are compared.</remarks>
internal sealed unsafe partial class GuardedBlock : IDisposable
{
    private const int None = 0, ReadWrite = 3, PrivateAnonymous = 0x22;
    private readonly byte* _pages;
    private readonly nuint _length;

    public GuardedBlock(ReadOnlySpan<ulong> words)
    {
        Length = words.Length;
        nuint page = (nuint)Environment.SystemPageSize, bytes = (nuint)words.Length * sizeof(ulong);
        nuint whole = (bytes + page - 1) / page * page;
        if (OperatingSystem.IsLinux())
        {
            _length = whole + page;
            _pages = (byte*)Map(null, _length, ReadWrite, PrivateAnonymous, -1, 0);
            if ((nint)_pages == -1) throw new InvalidOperationException("mmap failed");
            if (Protect(_pages + whole, page, None) != 0) throw new InvalidOperationException("mprotect failed");
            Pointer = (ulong*)(_pages + whole - bytes);
        }
        else
        {
            _pages = (byte*)NativeMemory.Alloc(whole + page);
            Pointer = (ulong*)_pages;
        }
        words.CopyTo(new Span<ulong>(Pointer, words.Length));
    }

    public ulong* Pointer { get; }

    public int Length { get; }

    public ReadOnlySpan<ulong> Words => new(Pointer, Length);

    public void Dispose()
    {
        if (OperatingSystem.IsLinux()) _ = Unmap(_pages, _length);
        else NativeMemory.Free(_pages);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
