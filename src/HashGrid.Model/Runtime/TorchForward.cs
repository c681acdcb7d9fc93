using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Runtime;

/// <summary>The network on libtorch, weights in channels-last order: in float32 the reference, and the only way to a GPU.</summary>
/// <remarks>
/// On a GPU, pixels go through one pinned buffer and their copy does not block; reading u back waits for the batch, so a batch is on its way at a time
/// while the callers decode the next. On a CPU float32 runs image by image, so that a code does not depend on its batch.
/// </remarks>
internal sealed class TorchForward : IForward
{
    private const int LargestBatch = 32;

    private readonly IHashModel _net;
    private readonly Device _device;
    private readonly ScalarType _type;
    private readonly Tensor? _pinned;   // [LargestBatch, S, S], host memory that the GPU reads by itself

    /// <param name="net">Folded; belongs to this object from here on.</param>
    /// <param name="device">Where it is to run.</param>
    /// <param name="type">Of weights and activations.</param>
    public TorchForward(IHashModel net, Device device, ScalarType type)
    {
        (_net, _device, _type) = (net, device, type);
        foreach (string name in net.Table.Names.ToArray())
            using (no_grad())
            using (NewDisposeScope())
            {
                Tensor value = net.Table[name].to(type, device);
                net.Table.Replace(name, value.Dimensions == 4 ? ChannelsLast(value) : value.clone());
            }
        bool isCpu = device.type == DeviceType.CPU;
        Device = isCpu ? "cpu" : $"cuda:{Math.Max(device.index, 0)}";
        Batch = isCpu && type == ScalarType.Float32 ? 1 : LargestBatch;
        if (isCpu) return;
        // Ten bits of mantissa in convolutions, which cuDNN takes unasked, would be other codes than a CPU's under the same identity.
        (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32) = (false, false);
        using Tensor plain = zeros(LargestBatch, net.InputSize, net.InputSize);
        _pinned = plain.pin_memory().DetachFromDisposeScope();
    }

    public string Device { get; }

    /// <summary>One: libtorch's threads work inside the layers.</summary>
    public int Threads => 1;

    public int Batch { get; }

    public void Run(ReadOnlySpan<float> pixels, Span<float> u)
    {
        using IDisposable inference = inference_mode();
        using DisposeScope scope = NewDisposeScope();
        int side = _net.InputSize, count = pixels.Length / (side * side);
        Tensor code = _net.Codes(Upload(pixels, count, side).to(_type)).to(ScalarType.Float32).cpu().contiguous();
        MemoryMarshal.Cast<byte, float>(code.bytes).CopyTo(u);
    }

    public void Dispose()
    {
        _pinned?.Dispose();
        _net.Dispose();
    }

    private Tensor Upload(ReadOnlySpan<float> pixels, int count, int side)
    {
        if (_pinned is null) return tensor(pixels.ToArray(), [count, side, side]);
        pixels.CopyTo(MemoryMarshal.Cast<byte, float>(_pinned.bytes));
        return _pinned.slice(0, 0, count, 1).to(_device, non_blocking: true);
    }

    /// <summary>The same values in NHWC order, in which convolutions are up to twice as fast.</summary>
    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
