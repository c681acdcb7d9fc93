using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Runtime;

/// <summary>The network on libtorch in float32, weights in channels-last order: the reference, and the only way to a GPU.</summary>
internal sealed class TorchForward : IForward
{
    private readonly IHashModel _net;
    private readonly Device _device;

    /// <param name="net">Folded; belongs to this object from here on.</param>
    /// <param name="device">Where it is to run.</param>
    public TorchForward(IHashModel net, Device device)
    {
        (_net, _device) = (net, device);
        foreach (string name in net.Table.Names.ToArray())
            using (no_grad())
            using (NewDisposeScope())
            {
                Tensor value = net.Table[name].to(device);
                net.Table.Replace(name, value.Dimensions == 4 ? ChannelsLast(value) : value.clone());
            }
        Device = device.type == DeviceType.CPU ? "cpu" : $"cuda:{Math.Max(device.index, 0)}";
    }

    public string Device { get; }

    /// <summary>One: libtorch's threads work inside the layers.</summary>
    public int Threads => 1;

    public void Run(ReadOnlySpan<float> pixels, Span<float> u)
    {
        using IDisposable inference = inference_mode();
        using DisposeScope scope = NewDisposeScope();
        int side = _net.InputSize;
        Tensor code = _net.Codes(tensor(pixels.ToArray(), [1, side, side]).to(_device)).cpu().contiguous();
        MemoryMarshal.Cast<byte, float>(code.bytes).CopyTo(u);
    }

    public void Dispose() => _net.Dispose();

    /// <summary>The same values in NHWC order, in which convolutions are up to twice as fast.</summary>
    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
