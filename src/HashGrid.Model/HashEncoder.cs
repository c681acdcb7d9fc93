using HashGrid.Model.Runtime;
using HashGrid.Model.Weights;
using static TorchSharp.torch;

namespace HashGrid.Model;

/// <summary>Pixels in, packed codes out.</summary>
/// <remarks>
/// Owns the network with batch norm folded, in float32: on ONNX Runtime on a CPU, on libtorch on a GPU. One caller at a time; the threads are its own.
/// Images pass one by one, each with one order of sums, so an image's code depends neither on its batch nor on the threads.
/// </remarks>
public sealed class HashEncoder : IDisposable
{
    private readonly IForward _forward;
    private readonly float[] _u;

    private HashEncoder(IForward forward, ModelIdentity identity, string engine)
    {
        (_forward, Identity, Engine) = (forward, identity, engine);
        _u = new float[identity.Bits * forward.Threads];
    }

    /// <summary>Which network this is.</summary>
    public ModelIdentity Identity { get; }

    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device => _forward.Device;

    /// <summary><c>onnx</c> or <c>torch</c>.</summary>
    public string Engine { get; }

    /// <summary>64-bit words of one code.</summary>
    public int WordsPerCode => (Identity.Bits + 63) / 64;

    /// <summary>Loads weights.</summary>
    /// <exception cref="ModelFileException">The file cannot be used; one clear line.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    /// <exception cref="ArgumentException">Device or engine is unknown, or <c>cuda</c> where there is none, or the threads are negative.</exception>
    public static HashEncoder Load(string weightsPath, HashEncoderOptions? options = null)
    {
        options ??= new HashEncoderOptions();
        if (options.Device is not ("auto" or "cpu" or "cuda"))
            throw new ArgumentException($"device is '{options.Device}', expected auto, cpu or cuda", nameof(options));
        if (options.Engine is not ("auto" or "onnx" or "torch"))
            throw new ArgumentException($"engine is '{options.Engine}', expected auto, onnx or torch", nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(options));
        TorchRuntime.EnsureLoaded();
        bool cuda = options.Device != "cpu" && options.Engine != "onnx" && TorchRuntime.HasCuda();
        if (options.Device == "cuda" && !cuda)
            throw new ArgumentException("device is 'cuda', but there is no GPU, or this build has no CUDA, or the engine is onnx; use auto or cpu, or build with -p:TorchBackend=cuda", nameof(options));
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        set_num_threads(threads);
        (IHashModel net, ModelIdentity identity) = HashModels.Load(weightsPath);
        net.Fold();
        if (cuda || options.Engine == "torch")
            return new HashEncoder(new TorchForward(net, cuda ? CUDA : CPU), identity, "torch");
        using (net)
            return new HashEncoder(new OnnxForward(net.Export(), identity.InputSize, identity.Bits, threads), identity, "onnx");
    }

    /// <summary>Computes codes. One caller at a time.</summary>
    /// <param name="pixels">count · S · S values, grey 0..1, S = <c>Identity.InputSize</c>, as <see cref="Imaging.ImageReader"/> gives them.</param>
    /// <param name="count">Images, any number; several share the threads.</param>
    /// <param name="codes">Receives count · <see cref="WordsPerCode"/> words; bit i is bit i % 64 of word i / 64, spare bits are zero.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public unsafe void Encode(ReadOnlySpan<float> pixels, int count, Span<ulong> codes)
    {
        int side = Identity.InputSize;
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (pixels.Length != (long)count * side * side)
            throw new ArgumentException($"pixels have {pixels.Length} values, but {count} images of {side} x {side} need {(long)count * side * side}", nameof(pixels));
        if (codes.Length != count * WordsPerCode)
            throw new ArgumentException($"codes have {codes.Length} words, but {count} codes of {Identity.Bits} bits need {count * WordsPerCode}", nameof(codes));
        codes.Clear();
        int threads = Math.Min(_forward.Threads, count);
        if (threads <= 1)
        {
            for (int image = 0; image < count; image++) EncodeOne(pixels, image, 0, codes);
            return;
        }
        int next = -1;
        fixed (float* p = pixels)
        {
            fixed (ulong* c = codes)
            {
                (nint pixelsAt, nint codesAt, int pixelCount, int codeCount) = ((nint)p, (nint)c, pixels.Length, codes.Length);
                Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
                {
                    for (int image; (image = Interlocked.Increment(ref next)) < count;)
                        EncodeOne(new ReadOnlySpan<float>((float*)pixelsAt, pixelCount), image, thread, new Span<ulong>((ulong*)codesAt, codeCount));
                });
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _forward.Dispose();

    private void EncodeOne(ReadOnlySpan<float> pixels, int image, int thread, Span<ulong> codes)
    {
        int size = Identity.InputSize * Identity.InputSize;
        Span<float> u = _u.AsSpan(thread * Identity.Bits, Identity.Bits);
        _forward.Run(pixels.Slice(image * size, size), u);
        Pack(u, codes.Slice(image * WordsPerCode, WordsPerCode));
    }

    /// <summary>Bit i of the code is u_i ≥ 0 (eq. 7); NaN is 0.</summary>
    private static void Pack(ReadOnlySpan<float> values, Span<ulong> words)
    {
        for (int i = 0; i < values.Length; i++)
            if (values[i] >= 0)
                words[i / 64] |= 1UL << (i % 64);
    }
}
