using HashGrid.Model.Calibration;
using HashGrid.Model.Runtime;
using HashGrid.Model.Weights;
using static TorchSharp.torch;

namespace HashGrid.Model;

/// <summary>Pixels in, packed codes out.</summary>
/// <remarks>
/// Owns the network with batch norm folded: on ONNX Runtime on a CPU, on libtorch on a GPU. One caller at a time; the threads are its own.
/// On ONNX Runtime, and on libtorch in float32 on a CPU, images pass one by one, each with one order of sums, so an image's code depends neither on its batch
/// nor on the threads.
/// </remarks>
public sealed class HashEncoder : IDisposable
{
    private readonly IForward _forward;
    private readonly float[] _u;

    private HashEncoder(IForward forward, ModelIdentity identity, string engine, string precision)
    {
        (_forward, Identity, Engine, Precision) = (forward, identity, engine, precision);
        _u = new float[identity.Bits * forward.Threads * forward.Batch];
    }

    /// <summary>Which network this is.</summary>
    public ModelIdentity Identity { get; }

    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device => _forward.Device;

    /// <summary><c>onnx</c> or <c>torch</c>.</summary>
    public string Engine { get; }

    /// <summary><c>float32</c>, <c>bfloat16</c> or <c>int8</c>.</summary>
    public string Precision { get; }

    /// <summary>64-bit words of one code.</summary>
    public int WordsPerCode => (Identity.Bits + 63) / 64;

    /// <summary>Loads weights.</summary>
    /// <exception cref="ModelFileException">The file cannot be used; one clear line.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    /// <exception cref="ArgumentException">Device, engine or precision is unknown or does not go with the others, or <c>cuda</c> where there is none, or int8 where the CPU cannot; every problem at once.</exception>
    public static HashEncoder Load(string weightsPath, HashEncoderOptions? options = null)
    {
        options ??= new HashEncoderOptions();
        if (options.Validate() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        TorchRuntime.EnsureLoaded();
        bool cuda = options.Device != "cpu" && options.Engine != "onnx" && options.Precision != "int8" && TorchRuntime.HasCuda();
        if (options.Device == "cuda" && !cuda)
            throw new ArgumentException("device is 'cuda', but there is no GPU, or this build has no CUDA; use auto or cpu, or build with -p:TorchBackend=cuda", nameof(options));
        if (options.Precision == "int8" && !ByteArithmetic.IsExact)
            throw new ArgumentException("precision is int8, but this CPU adds products of bytes inexactly, so codes would differ from those of other machines; use precision float32", nameof(options));
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        set_num_threads(threads);
        (IHashModel net, ModelIdentity identity) = HashModels.Load(weightsPath);
        net.Fold();
        if (options.Precision == "bfloat16")
            return new HashEncoder(new TorchForward(net, cuda ? CUDA : CPU, ScalarType.BFloat16), identity.In("bfloat16", "1"), "torch", "bfloat16");
        if (cuda || options.Engine == "torch")
            return new HashEncoder(new TorchForward(net, cuda ? CUDA : CPU, ScalarType.Float32), identity, "torch", "float32");
        using (net)
        {
            LayerRanges? ranges = options.Precision == "float32" ? null : LayerRanges.Read(weightsPath, SafetensorsFile.Read(weightsPath).Metadata);
            if (options.Precision == "int8" && (ranges is null || net is not HashNet))
            {
                throw new ModelFileException(net is HashNet
                    ? $"precision is int8, but weights '{weightsPath}' hold no ranges for it; run `hashgrid calibrate` on them, or use precision float32"
                    : $"precision is int8, but weights '{weightsPath}' hold another method's model, which runs in float32 and bfloat16 only");
            }
            return ranges is not null && net is HashNet network && ByteArithmetic.IsExact
                ? new HashEncoder(new OnnxForward(network.ExportInt8(ranges, ByteArithmetic.TakesSigned), identity.InputSize, identity.Bits, threads), ranges.Identify(identity), "onnx", "int8")
                : new HashEncoder(new OnnxForward(net.Export(), identity.InputSize, identity.Bits, threads), identity, "onnx", "float32");
        }
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
        int batch = _forward.Batch, calls = (count + batch - 1) / batch, threads = Math.Min(_forward.Threads, calls);
        if (threads <= 1)
        {
            for (int call = 0; call < calls; call++) EncodeSome(pixels, call * batch, Math.Min(batch, count - (call * batch)), 0, codes);
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
                    for (int call; (call = Interlocked.Increment(ref next)) < calls;)
                    {
                        EncodeSome(new ReadOnlySpan<float>((float*)pixelsAt, pixelCount), call * batch, Math.Min(batch, count - (call * batch)), thread,
                            new Span<ulong>((ulong*)codesAt, codeCount));
                    }
                });
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _forward.Dispose();

    private void EncodeSome(ReadOnlySpan<float> pixels, int first, int count, int thread, Span<ulong> codes)
    {
        int size = Identity.InputSize * Identity.InputSize;
        Span<float> u = _u.AsSpan(thread * _forward.Batch * Identity.Bits, count * Identity.Bits);
        _forward.Run(pixels.Slice(first * size, count * size), u);
        for (int image = 0; image < count; image++)
            Pack(u.Slice(image * Identity.Bits, Identity.Bits), codes.Slice((first + image) * WordsPerCode, WordsPerCode));
    }

    /// <summary>Bit i of the code is u_i ≥ 0 (eq. 7); NaN is 0.</summary>
    private static void Pack(ReadOnlySpan<float> values, Span<ulong> words)
    {
        for (int i = 0; i < values.Length; i++)
            if (values[i] >= 0)
                words[i / 64] |= 1UL << (i % 64);
    }
}
