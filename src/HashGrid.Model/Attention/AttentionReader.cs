using HashGrid.Model.Runtime;
using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Attention;

/// <summary>Computes the attention map of pictures, on libtorch. One caller at a time.</summary>
/// <remarks>About as long as a code takes, layer by layer: some 20 ms of a core with MobileNetV2.</remarks>
public sealed class AttentionReader : IDisposable
{
    private readonly HashNet _net;

    private AttentionReader(HashNet net, ModelIdentity identity) => (_net, Identity) = (net, identity);

    /// <summary>Which network this is.</summary>
    public ModelIdentity Identity { get; }

    /// <summary>Loads weights of a network with attention.</summary>
    /// <exception cref="ModelFileException">The file cannot be used, or is of a method without attention maps.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static AttentionReader Load(string path)
    {
        TorchRuntime.EnsureLoaded();
        (IHashModel model, ModelIdentity identity) = HashModels.Load(path);
        if (model is HashNet net)
        {
            net.Fold();
            return new AttentionReader(net, identity);
        }
        model.Dispose();
        throw new ModelFileException($"weights '{path}' ({identity.Name}) have no attention map; name weights of the network that `hashgrid train` makes");
    }

    /// <summary>M of one picture.</summary>
    /// <param name="pixels">S · S values, grey 0..1, S = <c>Identity.InputSize</c>.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public AttentionMap Read(ReadOnlySpan<float> pixels)
    {
        int side = Identity.InputSize;
        if (pixels.Length != side * side)
            throw new ArgumentException($"pixels have {pixels.Length} values, but a picture of {side} x {side} has {side * side}", nameof(pixels));
        using IDisposable inference = inference_mode();
        using DisposeScope scope = NewDisposeScope();
        Tensor map = _net.Forward(tensor(pixels.ToArray(), [1, side, side])).Attention;            // [1, 1, H, W]
        return new AttentionMap(map.contiguous().data<float>().ToArray(), (int)map.shape[2]);
    }

    /// <inheritdoc/>
    public void Dispose() => _net.Dispose();
}
