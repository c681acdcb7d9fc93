using System.Runtime.InteropServices;

namespace HashGrid.Model.Tests.Runtime;

public sealed class WorkerThreadsTests
{
    [Test]
    [Platform("Linux")]
    public void Calm_WhenTheAssemblyIsLoaded_SetsTheSpinUnlessTheUserHas()
    {
        using var net = new HashNet(new HashNetOptions { TrunkWidth = 4, TrunkBlocks = [1, 1, 1, 1], InputSize = 32, RefinedWidth = 4, HiddenWidth = 4, Bits = 8 });
        string? expected = Environment.GetEnvironmentVariable("GOMP_SPINCOUNT") ?? (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null ? "10000" : null);
        Assert.That(Marshal.PtrToStringUTF8(GetEnvironment("GOMP_SPINCOUNT")), Is.EqualTo(expected));
    }

    [DllImport("libc", EntryPoint = "getenv")]
    private static extern nint GetEnvironment([MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
