using HashGrid.Model.Onnx;
using HashGrid.Model.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Trunks;

/// <summary>ResNet of bottlenecks with the stride on the 3×3 convolution and torchvision's names, so that its checkpoints load.</summary>
/// <remarks>Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016; the "v1.5" form of torchvision.</remarks>
public sealed class ResNet : ITrunk
{
    private readonly ConvUnit _stem;
    private readonly List<(ConvUnit One, ConvUnit Three, ConvUnit Out, ConvUnit? Skip)> _blocks = [];
    private readonly int _lowerBlocks;

    /// <summary>Registers the trunk's tensors; w is <see cref="HashNetOptions.TrunkWidth"/>, 64 in ResNet-50.</summary>
    public ResNet(ParameterTable table, string prefix, HashNetOptions options)
    {
        int width = options.TrunkWidth, input = width;
        string? Norm(string name) => options.TrunkFolded ? null : prefix + name;
        _stem = new ConvUnit(table, prefix + "conv1", Norm("bn1"), options.StemChannels, width, kernel: 7, stride: 2);
        for (int stage = 0; stage < options.FeatureStage - 1; stage++, width *= 2)
            for (int block = 0; block < options.TrunkBlocks[stage]; block++)
            {
                string name = $"layer{stage + 1}.{block}.";
                int stride = stage > 0 && block == 0 ? 2 : 1, output = 4 * width;
                _blocks.Add((
                    new ConvUnit(table, prefix + name + "conv1", Norm(name + "bn1"), input, width, kernel: 1),
                    new ConvUnit(table, prefix + name + "conv2", Norm(name + "bn2"), width, width, kernel: 3, stride),
                    new ConvUnit(table, prefix + name + "conv3", Norm(name + "bn3"), width, output, kernel: 1),
                    block > 0 ? null : new ConvUnit(table, prefix + name + "downsample.0", Norm(name + "downsample.1"), input, output, kernel: 1, stride)));
                input = output;
            }
        Channels = input;
        _lowerBlocks = options.TrunkBlocks[..3].Sum();
    }

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public Tensor Lower(Tensor x, bool training)                                         // [N, 3, S, S]
    {
        x = functional.relu(_stem.Forward(x, training));                                 // [N, w, S/2, S/2]
        x = functional.max_pool2d(x, 3, stride: 2, padding: 1);                          // [N, w, S/4, S/4]
        return Blocks(x, 0, _lowerBlocks, training);                                     // [N, 4w, S/4], [N, 8w, S/8], [N, 16w, S/16]
    }

    /// <inheritdoc/>
    public Tensor Upper(Tensor x, bool training) => Blocks(x, _lowerBlocks, _blocks.Count, training); // [N, 32w, S/32]

    /// <inheritdoc/>
    public bool IsLower(string name) => !name.Contains("layer4", StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Fold()
    {
        _stem.Fold();
        foreach ((ConvUnit one, ConvUnit three, ConvUnit last, ConvUnit? skip) in _blocks)
        {
            one.Fold();
            three.Fold();
            last.Fold();
            skip?.Fold();
        }
    }

    /// <inheritdoc/>
    string ITrunk.Export(INetworkGraph graph, string x, int side)
    {
        x = graph.MaxPool(graph.Narrow(_stem.Name, _stem.Export(graph, x, ref side, Activation.Relu)), 3, stride: 2, padding: 1);
        side = (side + 1) / 2;
        foreach ((ConvUnit one, ConvUnit three, ConvUnit last, ConvUnit? skip) in _blocks)
        {
            int skipSide = side;
            string y = one.Export(graph, x, ref side, Activation.Relu);
            y = three.Export(graph, y, ref side, Activation.Relu);
            y = last.Export(graph, y, ref side, Activation.None);
            x = graph.Add($"{last.Name}+", y, skip is null ? x : skip.Export(graph, x, ref skipSide, Activation.None), Activation.Relu);
        }
        return x;
    }

    private Tensor Blocks(Tensor x, int from, int to, bool training)
    {
        foreach ((ConvUnit one, ConvUnit three, ConvUnit last, ConvUnit? skip) in _blocks[from..to])
        {
            Tensor y = functional.relu(one.Forward(x, training));                        // [N, c, H, W]
            y = functional.relu(three.Forward(y, training));                             // [N, c, H/s, W/s]
            y = last.Forward(y, training);                                               // [N, 4c, H/s, W/s]
            x = functional.relu(y.Plus(skip is null ? x : skip.Forward(x, training)));     // [N, 4c, H/s, W/s]
        }
        return x;
    }
}
