using BenchmarkDotNet.Attributes;
using HashGrid.Index.Kernels;

namespace HashGrid.MicroBench;

/// <summary>Each kernel over a block that fits the second-level cache, and one that fits none.</summary>
public unsafe class KernelBenchmarks
{
    private ulong[] _query = [];
    private ulong[] _codes = [];
    private ushort[] _distances = [];
    private HammingKernel? _kernel;

    [ParamsSource(nameof(Kernels))]
    public string Kernel { get; set; } = "";

    public static IEnumerable<string> Kernels => HammingKernels.Supported.Select(kernel => kernel.Name);

    [Params(1, 2, 3, 4, 16)]
    public int Words { get; set; }

    /// <summary>The last is no multiple of any vector.</summary>
    [Params(64 << 10, 32 << 20, (64 << 10) + 1)]
    public int Words64 { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(20261);
        int count = Words64 / Words;
        _kernel = HammingKernels.Get(Kernel);
        _query = new ulong[Words];
        _codes = new ulong[count * Words];
        for (int i = 0; i < _codes.Length; i++) _codes[i] = (ulong)random.NextInt64() * 3;
        _distances = new ushort[count];
    }

    [Benchmark]
    public void Distances() => _kernel!.Distances(_query, _codes, _distances);

    /// <summary>The loop that a scan lives in: nothing is near enough, so every code is looked at.</summary>
    [Benchmark]
    public nint FirstWithin()
    {
        fixed (ulong* q = _query, c = _codes) return _kernel!.FirstWithin(q, Words, c, 0, _distances.Length, 0);
    }
}
