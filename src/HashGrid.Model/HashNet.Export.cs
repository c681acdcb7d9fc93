using HashGrid.Model.Onnx;
using HashGrid.Model.Trunks;
using static TorchSharp.torch;

namespace HashGrid.Model;

public sealed partial class HashNet
{
    /// <summary>The folded network from grey pixels [1, 1, S, S] to u [1, k] as an ONNX file: line for line what <see cref="Forward"/> does.</summary>
    internal byte[] Export()
    {
        var graph = new OnnxGraph();
        int side = Options.MapSide;
        string map = _trunk.Export(graph, PixelScaling.Export(graph, Options.Scaling), Options.InputSize);                       // F
        string pooled = graph.MaxPool(map, 3, stride: 1, padding: 1);                                     // F'
        string maxPooled = graph.Mean(graph.MaxPool(pooled, 3, stride: 1, padding: 1), keep: true, 1);    // F_max
        string mlp = ExportMlp(graph, graph.Concat(1, graph.Max(pooled, 1), graph.Mean(pooled, keep: true, 1), maxPooled), side);
        if (Options.Descriptors != Descriptors.All)
        {
            using Tensor mask = DescriptorMask(CPU);
            mlp = graph.Multiply(mlp, graph.Constant(mask));
        }
        string attention = graph.Tanh(graph.Conv(mlp, Table["attention.conv.weight"], Table["attention.conv.bias"], 1, [1, 1, 1, 1], 1)); // M
        string? global = Options.Branches == Branches.Local ? null : ExportRefine(graph, _refineGlobal, map, side);
        string? local = Options.Branches == Branches.Global ? null : ExportRefine(graph, _refineLocal, graph.Multiply(attention, pooled), side);
        string fused = global is null ? local! : local is null ? global : graph.Concat(1, global, local);
        string code = ExportLinear(graph, "hash", graph.Relu(ExportLinear(graph, "fc", fused)));          // u
        return graph.ToModel(code, Options.InputSize, Options.Bits);
    }

    private string ExportMlp(OnnxGraph graph, string maps, int side)
    {
        string x = Options.Mlp == AttentionMlp.Positions ? graph.Reshape(maps, 1, 3, side * side) : graph.Reshape(maps, 1, 3, side, side, 1);
        x = graph.Relu(ExportLinear(graph, "attention.mlp.0", x));
        return graph.Reshape(ExportLinear(graph, "attention.mlp.2", x), 1, 3, side, side);
    }

    private static string ExportRefine(OnnxGraph graph, (ConvUnit One, ConvUnit Two, ConvUnit Skip) block, string x, int side)
    {
        int skipSide = side;
        string y = graph.Relu(block.One.Export(graph, x, ref side));
        y = graph.Relu(graph.Add(block.Two.Export(graph, y, ref side), block.Skip.Export(graph, x, ref skipSide)));
        return graph.Mean(graph.AveragePool(y, 3, padding: 1), keep: false, 2, 3);
    }

    private string ExportLinear(OnnxGraph graph, string name, string x) => graph.Linear(x, Table[$"{name}.weight"], Table[$"{name}.bias"]);
}
