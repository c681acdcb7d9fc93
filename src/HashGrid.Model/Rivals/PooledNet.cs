using HashGrid.Model.Onnx;
using HashGrid.Model.Runtime;
using HashGrid.Model.Trunks;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>SSH, ITQ, DH and DRH: a trunk, the mean of its map over positions, centred on the training pictures, then one linear layer or a few with tanh.</summary>
/// <remarks>D is the number of the trunk's channels. The linear methods fill mean and projection by linear algebra; DH and DRH learn them.</remarks>
public sealed class PooledNet : RivalNet
{
    private readonly ITrunk _trunk;
    private readonly int _layers;

    /// <summary>Registers the tensors; use <see cref="RivalNet.Create"/>.</summary>
    internal PooledNet(RivalOptions options, ulong seed)
        : base(options, seed)
    {
        _trunk = options.Trunk.Trunk == "resnet50" ? new ResNet(Table, "trunk.", options.Trunk) : new MobileNetV2(Table, "trunk.", options.Trunk);
        Table.AddBuffer("pooled.mean", zeros(_trunk.Channels));
        Table.AddBuffer("pooled.scale", ones(1));
        int[] widths = [_trunk.Channels, .. options.Layers, options.Bits];
        _layers = widths.Length - 1;
        for (int layer = 0; layer < _layers; layer++)
            AddLinear(LayerName(layer), widths[layer], widths[layer + 1]);
    }

    /// <summary>Channels D of the trunk.</summary>
    public int Channels => _trunk.Channels;

    /// <summary>Names of the weights after the trunk, in order: [output, input] each.</summary>
    public IReadOnlyList<string> WeightNames => [.. Enumerable.Range(0, _layers).Select(layer => LayerName(layer) + ".weight")];

    private bool IsCurved => Options.Method is RivalMethod.Dh or RivalMethod.Drh;

    /// <inheritdoc/>
    public override Tensor Codes(Tensor pixels) => Head(Pool(pixels));

    /// <summary>Grey [N, S, S] → pooled features [N, D].</summary>
    public Tensor Pool(Tensor pixels) => PoolMap(_trunk.Upper(_trunk.Lower(PixelScaling.Apply(pixels, InputSize, Options.Trunk.Scaling, Options.Trunk.StemChannels), training: false), training: false));

    /// <summary>F [N, D, H, W] → pooled features [N, D].</summary>
    public static Tensor PoolMap(Tensor map) => map.mean([2, 3]);

    /// <summary>Pooled features [N, D] → u [N, k].</summary>
    public Tensor Head(Tensor pooled)
    {
        Tensor x = pooled.Minus(Table["pooled.mean"]) / Table["pooled.scale"];
        for (int layer = 0; layer < _layers; layer++)
        {
            x = Linear(LayerName(layer), x);
            if (IsCurved)
                x = x.tanh();
        }
        return x;
    }

    /// <summary>Takes over the trunk of a network with the same one.</summary>
    /// <exception cref="ArgumentException">The trunks have other tensors.</exception>
    public void CopyTrunk(HashNet from)
    {
        using IDisposable frozen = no_grad();
        foreach (string name in Table.Names.Where(name => name.StartsWith("trunk.", StringComparison.Ordinal)))
        {
            if (!from.Table.Names.Contains(name) || !from.Table[name].shape.SequenceEqual(Table[name].shape))
                throw new ArgumentException($"the network has no tensor '{name}' of shape [{string.Join(", ", Table[name].shape)}]; both need the same trunk", nameof(from));
            Table[name].copy_(from.Table[name]);
        }
    }

    /// <inheritdoc/>
    public override void Fold() => _trunk.Fold();

    private protected override string Export(FloatGraph graph)
    {
        string x = graph.File.Mean(_trunk.Export(graph, graph.Pixels(Options.Trunk.Scaling, Options.Trunk.StemChannels), InputSize), keep: false, 2, 3);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable frozen = no_grad();
        x = graph.File.Add(x, graph.File.Constant(-Table["pooled.mean"]));
        for (int layer = 0; layer < _layers; layer++)
        {
            Tensor weight = Table[LayerName(layer) + ".weight"];
            x = graph.File.Linear(x, layer == 0 ? weight / Table["pooled.scale"] : weight, Table[LayerName(layer) + ".bias"]);
            if (IsCurved)
                x = graph.File.Tanh(x);
        }
        return x;
    }

    private string LayerName(int layer) => layer == _layers - 1 ? "hash" : $"layers.{layer}";
}
