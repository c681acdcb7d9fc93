using System.Runtime.InteropServices;
using HashGrid.Model.Runtime;
using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model;

/// <summary>Pixels in, packed codes out.</summary>
/// <remarks>
/// Owns the network with batch norm folded and weights in channels-last order, in float32. One thread at a time.
/// Images pass one by one: sums then have one order, so an image's code does not depend on its batch. The threads work inside the layers.
/// </remarks>
public sealed class HashEncoder : IDisposable
{
    private readonly HashNet _net;
    private readonly Device _device;

    private HashEncoder(HashNet net, ModelIdentity identity, Device device)
    {
        (_net, Identity, _device) = (net, identity, device);
        _net.Fold();
        foreach (string name in _net.Table.Names.ToArray())
            using (no_grad())
            using (NewDisposeScope())
            {
                Tensor value = _net.Table[name].to(device);
                _net.Table.Replace(name, value.Dimensions == 4 ? ChannelsLast(value) : value.clone());
            }
        Device = device.type == DeviceType.CPU ? "cpu" : $"cuda:{Math.Max(device.index, 0)}";
    }

    /// <summary>Which network this is.</summary>
    public ModelIdentity Identity { get; }

    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device { get; }

    /// <summary>64-bit words of one code.</summary>
    public int WordsPerCode => (Identity.Bits + 63) / 64;

    /// <summary>Loads weights.</summary>
    /// <exception cref="ModelFileException">The file cannot be used; one clear line.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    /// <exception cref="ArgumentException">The device is unknown, or <c>cuda</c> where there is none, or the threads are negative.</exception>
    public static HashEncoder Load(string weightsPath, HashEncoderOptions? options = null)
    {
        options ??= new HashEncoderOptions();
        if (options.Device is not ("auto" or "cpu" or "cuda"))
            throw new ArgumentException($"device is '{options.Device}', expected auto, cpu or cuda", nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(options));
        TorchRuntime.EnsureLoaded();
        bool cuda = options.Device != "cpu" && TorchRuntime.HasCuda();
        if (options.Device == "cuda" && !cuda)
            throw new ArgumentException("device is 'cuda', but there is no GPU or this build has no CUDA; use auto or cpu, or build with -p:TorchBackend=cuda", nameof(options));
        set_num_threads(options.Threads > 0 ? options.Threads : Environment.ProcessorCount);
        (HashNet net, ModelIdentity identity) = ModelFile.Load(weightsPath);
        return new HashEncoder(net, identity, cuda ? CUDA : CPU);
    }

    /// <summary>Computes codes. One thread at a time.</summary>
    /// <param name="pixels">count · S · S values, grey 0..1, S = <c>Identity.InputSize</c>, as <see cref="Imaging.ImageReader"/> gives them.</param>
    /// <param name="count">Images, any number.</param>
    /// <param name="codes">Receives count · <see cref="WordsPerCode"/> words; bit i is bit i % 64 of word i / 64, spare bits are zero.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Encode(ReadOnlySpan<float> pixels, int count, Span<ulong> codes)
    {
        int side = Identity.InputSize;
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (pixels.Length != (long)count * side * side)
            throw new ArgumentException($"pixels have {pixels.Length} values, but {count} images of {side} x {side} need {(long)count * side * side}", nameof(pixels));
        if (codes.Length != count * WordsPerCode)
            throw new ArgumentException($"codes have {codes.Length} words, but {count} codes of {Identity.Bits} bits need {count * WordsPerCode}", nameof(codes));
        codes.Clear();
        for (int at = 0; at < count; at++)
        {
            using IDisposable inference = inference_mode();
            using DisposeScope scope = NewDisposeScope();
            float[] block = pixels.Slice(at * side * side, side * side).ToArray();
            Tensor x = _net.Prepare(tensor(block, [1, side, side]).to(_device));
            Tensor u = _net.Head(_net.Features(x)).Code.cpu().contiguous();
            Pack(MemoryMarshal.Cast<byte, float>(u.bytes), codes.Slice(at * WordsPerCode, WordsPerCode));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _net.Dispose();

    /// <summary>The same values in NHWC order, in which convolutions are up to twice as fast.</summary>
    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>Bit i of the code is u_i ≥ 0 (eq. 7); NaN is 0.</summary>
    private static void Pack(ReadOnlySpan<float> values, Span<ulong> words)
    {
        for (int i = 0; i < values.Length; i++)
            if (values[i] >= 0)
                words[i / 64] |= 1UL << (i % 64);
    }
}
