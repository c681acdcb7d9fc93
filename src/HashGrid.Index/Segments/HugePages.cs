using System.Runtime.InteropServices;

namespace HashGrid.Index.Segments;

/// <summary>Asks Linux to back large blocks with 2 MiB pages: a random look-up then costs one cache miss, not two.</summary>
internal static unsafe partial class HugePages
{
    private const int Advice = 14; // MADV_HUGEPAGE

    public static void Advise(byte* pointer, nuint bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        // Only advice: where it is refused the memory works all the same.
        _ = MemoryAdvise(pointer, bytes, Advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvise(byte* address, nuint length, int advice);
}
