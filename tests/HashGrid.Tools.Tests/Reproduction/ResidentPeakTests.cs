using System.Runtime.InteropServices;
using HashGrid.CommandLine.Reproduction;

namespace HashGrid.Tools.Tests.Reproduction;

public unsafe class ResidentPeakTests
{
    private const int Bytes = 128 << 20;

    [Test]
    public void Megabytes_MemoryTakenAndGivenBack_IsWhatCameOnTop()
    {
        void* before = Take();
        using var peak = new ResidentPeak();
        Assert.That(peak.Megabytes, Is.LessThan(64), "what was there before does not count");
        void* meanwhile = Take();
        Thread.Sleep(100);
        NativeMemory.Free(meanwhile);
        Assert.That(peak.Megabytes, Is.InRange(120, 200));
        NativeMemory.Free(before);
    }

    private static void* Take()
    {
        void* memory = NativeMemory.Alloc(Bytes);
        NativeMemory.Fill(memory, Bytes, 1);
        return memory;
    }
}
