using HashGrid.Model.Onnx;
using HashGrid.Model.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Trunks;

/// <summary>MobileNetV2 at width 1.0 with torchvision's names.</summary>
/// <remarks>Source: Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, table 2.</remarks>
public sealed class MobileNetV2 : ITrunk
{
    /// <summary>Rows of the paper's table 2: expansion t, channels c, blocks n, stride s of the first.</summary>
    private static readonly (int T, int C, int N, int S)[] Rows =
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

    private const int LowerBlocks = 13; // the first five rows
    private readonly ConvUnit _stem;
    private readonly List<(ConvUnit? Expand, ConvUnit Depthwise, ConvUnit Project, bool Residual)> _blocks = [];
    private readonly ConvUnit? _last;

    /// <summary>Registers the trunk's tensors.</summary>
    public MobileNetV2(ParameterTable table, string prefix, HashNetOptions options)
    {
        prefix += "features.";
        bool same = options.SamePadding;
        string? Norm(string name) => options.TrunkFolded ? null : prefix + name;
        _stem = new ConvUnit(table, prefix + "0.0", Norm("0.1"), options.StemChannels, 32, kernel: 3, stride: 2, same: same);
        int input = 32, index = 1;
        foreach ((int t, int c, int n, int s) in options.FeatureStage == 5 ? Rows : Rows[..5])
            for (int block = 0; block < n; block++, index++, input = c)
            {
                string name = $"{index}.conv.";
                int hidden = input * t, stride = block == 0 ? s : 1, at = t == 1 ? 0 : 1;
                _blocks.Add((
                    t == 1 ? null : new ConvUnit(table, $"{prefix}{name}0.0", Norm($"{name}0.1"), input, hidden, kernel: 1),
                    new ConvUnit(table, $"{prefix}{name}{at}.0", Norm($"{name}{at}.1"), hidden, hidden, kernel: 3, stride, groups: hidden, same),
                    new ConvUnit(table, $"{prefix}{name}{at + 1}", Norm($"{name}{at + 2}"), hidden, c, kernel: 1),
                    stride == 1 && input == c));
            }
        _last = options.FeatureStage == 5 ? new ConvUnit(table, $"{prefix}{index}.0", Norm($"{index}.1"), input, 1280, kernel: 1) : null;
        Channels = options.FeatureStage == 5 ? 1280 : input;
    }

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public Tensor Lower(Tensor x, bool training)                                         // [N, 3, S, S]
    {
        x = functional.relu6(_stem.Forward(x, training));                                // [N, 32, S/2, S/2]
        return Blocks(x, 0, LowerBlocks, training);                                      // [N, 96, S/16, S/16]
    }

    /// <inheritdoc/>
    public Tensor Upper(Tensor x, bool training)                                         // [N, 96, S/16, S/16]
    {
        x = Blocks(x, LowerBlocks, _blocks.Count, training);                             // [N, 320, S/32, S/32]
        return _last is null ? x : functional.relu6(_last.Forward(x, training));         // [N, 1280, S/32, S/32]
    }

    /// <inheritdoc/>
    public bool IsLower(string name) => int.Parse(name.Split('.')[2], System.Globalization.CultureInfo.InvariantCulture) <= LowerBlocks;

    /// <inheritdoc/>
    public void Fold()
    {
        _stem.Fold();
        foreach ((ConvUnit? expand, ConvUnit depthwise, ConvUnit project, _) in _blocks)
        {
            expand?.Fold();
            depthwise.Fold();
            project.Fold();
        }
        _last?.Fold();
    }

    /// <inheritdoc/>
    string ITrunk.Export(INetworkGraph graph, string x, int side)
    {
        x = _stem.Export(graph, x, ref side, Activation.Relu6);
        foreach ((ConvUnit? expand, ConvUnit depthwise, ConvUnit project, bool residual) in _blocks)
        {
            string y = expand is null ? x : expand.Export(graph, x, ref side, Activation.Relu6);
            y = depthwise.Export(graph, y, ref side, Activation.Relu6);
            y = project.Export(graph, y, ref side, Activation.None);
            x = residual ? graph.Add($"{project.Name}+", x, y, Activation.None) : expand is null ? graph.Narrow(project.Name, y) : y;
        }
        return _last is null ? x : _last.Export(graph, x, ref side, Activation.Relu6);
    }

    private Tensor Blocks(Tensor x, int from, int to, bool training)
    {
        foreach ((ConvUnit? expand, ConvUnit depthwise, ConvUnit project, bool residual) in _blocks[from..to])
        {
            Tensor y = expand is null ? x : functional.relu6(expand.Forward(x, training)); // [N, t·c, H, W]
            y = functional.relu6(depthwise.Forward(y, training));                        // [N, t·c, H/s, W/s]
            y = project.Forward(y, training);                                            // [N, c', H/s, W/s], linear
            x = residual ? x.Plus(y) : y;
        }
        return x;
    }
}
