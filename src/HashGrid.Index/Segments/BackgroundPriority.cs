using System.Runtime.InteropServices;

namespace HashGrid.Index.Segments;

/// <summary>Lets a merging thread give way to searches and writers where there are not cores enough for all.</summary>
/// <remarks>
/// Two things, for two reasons. A lower priority makes its share small; .NET's thread priorities do nothing on Linux, but nice values do, and there
/// each thread has its own. And it yields every some ten thousand rows: a share of ten percent taken in slices of three milliseconds would still be
/// seen by one search in a hundred.
/// </remarks>
internal static partial class BackgroundPriority
{
    /// <summary>Rows between two calls of <see cref="GiveWay"/>, as a mask: a few tenths of a millisecond of work.</summary>
    public const int RowMask = 32_767;

    private const int OfThread = 0; // PRIO_PROCESS with id 0: on Linux the calling thread alone
    private const int Nice = 10; // a tenth of a core beside busy threads: little, but never nothing

    [ThreadStatic]
    private static bool _isTaken;

    /// <summary>Lowers the calling thread for good; for threads that end with their work.</summary>
    public static void Take()
    {
        _isTaken = true;
        if (OperatingSystem.IsLinux()) _ = SetPriority(OfThread, 0, Nice);
        else Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    /// <summary>Lets others run first, on a thread that took this priority; nothing on any other.</summary>
    public static void GiveWay()
    {
        if (_isTaken) Thread.Yield();
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int value);
}
