using HashGrid.Model.Onnx;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Rivals;

/// <summary>The network of deep supervised hashing, on three equal grey channels.</summary>
/// <remarks>Source: Liu, Wang, Shan, Chen, "Deep supervised hashing for fast image retrieval", CVPR 2016, figure 2: 5 × 5 convolutions of 32, 32 and 64, pools of 3 × 3 at stride 2 (maximum, mean, mean), 500 units, k.</remarks>
public sealed class DshNet : RivalNet
{
    private const int Hidden = 500;
    private static readonly int[] Widths = [3, 32, 32, 64];

    /// <summary>Registers the tensors; use <see cref="RivalNet.Create"/>.</summary>
    internal DshNet(RivalOptions options, ulong seed)
        : base(options, seed)
    {
        for (int layer = 0; layer < 3; layer++)
        {
            Table.AddParameter($"conv{layer + 1}.weight", Table.Normal([Widths[layer + 1], Widths[layer], 5, 5], Math.Sqrt(2.0 / (25 * Widths[layer]))));
            Table.AddParameter($"conv{layer + 1}.bias", zeros(Widths[layer + 1]));
        }
        int side = options.InputSize / 8;
        AddLinear("fc", 64 * side * side, Hidden);
        AddLinear("hash", Hidden, options.Bits);
    }

    /// <inheritdoc/>
    public override Tensor Codes(Tensor pixels)
    {
        Tensor x = PixelScaling.Apply(pixels, InputSize, InputScaling.Symmetric);                 // [N, 3, S, S]
        x = functional.max_pool2d(Conv(x, 1), 3, stride: 2, padding: 1);                          // [N, 32, S/2, S/2]
        x = functional.avg_pool2d(Conv(x, 2), 3, stride: 2, padding: 1);                          // [N, 32, S/4, S/4]
        x = functional.avg_pool2d(Conv(x, 3), 3, stride: 2, padding: 1);                          // [N, 64, S/8, S/8]
        return Linear("hash", functional.relu(Linear("fc", x.flatten(1))));                       // [N, 500] → u [N, k]
    }

    /// <inheritdoc/>
    public override void Fold()
    {
        // There is no batch norm.
    }

    private protected override string Export(FloatGraph graph)
    {
        string x = graph.Pixels(InputScaling.Symmetric);
        x = graph.MaxPool(ExportConv(graph, x, 1), 3, stride: 2, padding: 1);
        x = ExportAverage(graph, ExportConv(graph, x, 2), Widths[2], stride: 2);
        x = ExportAverage(graph, ExportConv(graph, x, 3), Widths[3], stride: 2);
        int side = InputSize / 8;
        return ExportLinear(graph, "hash", graph.File.Relu(ExportLinear(graph, "fc", graph.File.Reshape(x, 1, 64 * side * side))));
    }

    private Tensor Conv(Tensor x, int layer) => functional.relu(functional.conv2d(x, Table[$"conv{layer}.weight"], Table[$"conv{layer}.bias"], [1, 1], [2, 2]));

    private string ExportConv(FloatGraph graph, string x, int layer) =>
        graph.Conv($"conv{layer}", x, Table[$"conv{layer}.weight"], Table[$"conv{layer}.bias"], new ConvShape(1, 2, 2, 1), Activation.Relu);
}
