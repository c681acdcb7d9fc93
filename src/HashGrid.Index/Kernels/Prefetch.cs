using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HashGrid.Index.Kernels;

/// <summary>Asks for a cache line before it is needed. .NET exposes this for x86 alone; elsewhere it does nothing.</summary>
internal static unsafe class Prefetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(void* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }
}
