using System.Runtime.InteropServices;

namespace HashGrid.Model.Runtime;

/// <summary>How libtorch's OpenMP threads wait for each other at the end of every layer.</summary>
/// <remarks>
/// GNU OpenMP spins for 300 000 rounds before it sleeps. Where a core is taken by somebody else (a shared or virtual machine, the decoder, a server's own threads), the thread
/// that has its core burns it while the other waits for one: training on two busy cores took 63 s of processor time in place of 12 s.
/// 10 000 rounds are enough for threads that really run at the same time. The runtime reads the variable when it is loaded.
/// </remarks>
internal static partial class WorkerThreads
{
    private const string SpinCount = "GOMP_SPINCOUNT";

    /// <summary>Shortens the spin, unless the user has decided about it.</summary>
    public static void Calm()
    {
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
            _ = SetEnvironment(SpinCount, "10000", 0); // the process's own environment: .NET changes only its copy
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
