using System.Runtime.InteropServices;

namespace HashGrid.Index.Segments;

/// <summary>Lets a thread run only where no other wants to: merging must not take a core from searches and writers.</summary>
/// <remarks>.NET's thread priorities do nothing on Linux; its nice values do, and there each thread has its own.</remarks>
internal static partial class BackgroundPriority
{
    private const int OfThread = 0; // PRIO_PROCESS with id 0: on Linux the calling thread alone
    private const int Lowest = 19;

    /// <summary>Lowers the calling thread for good; for threads that end with their work.</summary>
    public static void Take()
    {
        if (OperatingSystem.IsLinux()) _ = SetPriority(OfThread, 0, Lowest);
        else Thread.CurrentThread.Priority = ThreadPriority.Lowest;
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int value);
}
