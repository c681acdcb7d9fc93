namespace HashGrid.Index.Kernels;

/// <summary>The kernels, best first, and which one runs here.</summary>
internal static class HammingKernels
{
    /// <summary>Names a kernel to use instead of the best: avx512, avx2, arm or scalar. Read when the first index is made.</summary>
    public const string ForceVariable = "HASHGRID_FORCE_KERNEL";

    /// <summary>Every kernel this build knows, best first.</summary>
    public static IReadOnlyList<HammingKernel> All { get; } =
    [
        HammingKernel.Of<Avx512Kernel>(),
        HammingKernel.Of<Avx2Kernel>(),
        HammingKernel.Of<ArmKernel>(),
        HammingKernel.Of<ScalarKernel>(),
    ];

    private static HammingKernel? _current;

    /// <summary>The kernel that searches use.</summary>
    /// <exception cref="NotSupportedException">The forced kernel does not exist or does not run on this processor.</exception>
    public static HammingKernel Current => _current ??= Choose(Environment.GetEnvironmentVariable(ForceVariable));

    /// <summary>The kernels that run on this processor, best first.</summary>
    public static IEnumerable<HammingKernel> Supported => All.Where(kernel => kernel.IsSupported);

    /// <summary>The kernel called <paramref name="name"/>.</summary>
    public static HammingKernel Get(string name) => Choose(name);

    internal static HammingKernel Choose(string? forced)
    {
        if (string.IsNullOrEmpty(forced)) return Supported.First();
        foreach (HammingKernel kernel in Supported)
        {
            if (kernel.Name == forced) return kernel;
        }
        throw new NotSupportedException(
            $"{ForceVariable} is '{forced}', but this processor runs {string.Join(", ", Supported.Select(kernel => kernel.Name))}; unset it or name one of them");
    }
}
