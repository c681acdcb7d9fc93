using HashGrid.Model.Onnx;
using HashGrid.Model.Trunks;
using static TorchSharp.torch;

namespace HashGrid.Model;

public sealed partial class HashNet
{
    /// <summary>The folded network from grey pixels [1, 1, S, S] to u [1, k] as an ONNX file: line for line what <see cref="Forward"/> does.</summary>
    internal byte[] Export() => Export(new FloatGraph(), out string code).ToModel(code, Options.InputSize, Options.Bits);

    /// <summary>The same, giving back besides u whatever the quantised network would store in bytes.</summary>
    /// <returns>The file, and by layer the name of its output.</returns>
    internal (byte[] File, IReadOnlyList<(string Layer, string Value)> Stored) ExportObserved()
    {
        var graph = new FloatGraph();
        OnnxGraph file = Export(graph, out string code);
        return (file.ToModel(code, Options.InputSize, Options.Bits, graph.Stored.Select(stored => stored.Value)), graph.Stored);
    }

    private OnnxGraph Export(FloatGraph graph, out string code)
    {
        OnnxGraph file = graph.File;
        string map = _trunk.Export(graph, graph.Pixels(Options.Scaling, Options.StemChannels), Options.InputSize);               // F
        string pooled = graph.MaxPool(map, 3, stride: 1, padding: 1);                                     // F'
        string largest = graph.MaxPool(pooled, 3, stride: 1, padding: 1);
        string maxPooled = Options.PooledMax ? file.Max(largest, 1) : file.Mean(largest, keep: true, 1);  // F_max
        string attention = ExportAttention(file, file.Concat(1, file.Max(pooled, 1), file.Mean(pooled, keep: true, 1), maxPooled)); // M
        string? global = Options.Branches == Branches.Local ? null : Refined(_refineGlobal, map);
        string? local = Options.Branches == Branches.Global ? null : Refined(_refineLocal, graph.Store(Attended, file.Multiply(attention, pooled)));
        code = ExportCode(file, global, local);                                                           // u
        return file;

        string Refined((ConvUnit One, ConvUnit Two, ConvUnit Skip) block, string x)
        {
            string y = ExportRefine(graph, block, x, out _);
            return file.Mean(Options.RefinePool ? graph.AveragePool(y, 3, padding: 1) : y, keep: false, 2, 3);
        }
    }

    /// <summary>The three descriptors [1, 3, H, W] → M [1, 1, H, W].</summary>
    private string ExportAttention(OnnxGraph file, string maps)
    {
        int side = Options.MapSide;
        if (Options.StandardDescriptors) maps = ExportStandard(file, file.Reshape(maps, 1, 3, side * side));
        string x = Options.Mlp == AttentionMlp.Positions ? file.Reshape(maps, 1, 3, side * side) : file.Reshape(maps, 1, 3, side, side, 1);
        x = file.Relu(ExportLinear(file, "attention.mlp.0", x));
        x = file.Reshape(ExportLinear(file, "attention.mlp.2", x), 1, 3, side, side);
        if (Options.Descriptors != Descriptors.All)
        {
            using Tensor mask = DescriptorMask(CPU);
            x = file.Multiply(x, file.Constant(mask));
        }
        return file.Tanh(file.Conv(x, Table["attention.conv.weight"], Table["attention.conv.bias"], new ConvShape(1, 1, 1, 1)));
    }

    /// <summary>[1, 3, HW], each map less its mean over its deviation.</summary>
    private static string ExportStandard(OnnxGraph file, string maps)
    {
        string centred = file.Add(maps, file.Multiply(file.Mean(maps, keep: true, 2), file.Constant([-1f])));
        string variance = file.Add(file.Mean(file.Multiply(centred, centred), keep: true, 2), file.Constant([LeastVariance]));
        return file.Node("Div", [centred, file.Node("Sqrt", [variance])]);
    }

    /// <summary>The residual block of f, before its averages.</summary>
    private string ExportRefine(INetworkGraph graph, (ConvUnit One, ConvUnit Two, ConvUnit Skip) block, string x, out int side)
    {
        side = Options.MapSide;
        int skipSide = side;
        string y = block.One.Export(graph, x, ref side, Activation.Relu);
        return graph.Add($"{block.One.Name}+", block.Two.Export(graph, y, ref side, Activation.None), block.Skip.Export(graph, x, ref skipSide, Activation.None), Activation.Relu);
    }

    /// <summary>Both refined features [1, 256] → u [1, k].</summary>
    private string ExportCode(OnnxGraph file, string? global, string? local)
    {
        string fused = global is null ? local! : local is null ? global : file.Concat(1, global, local);
        return ExportLinear(file, "hash", file.Relu(ExportLinear(file, "fc", fused)));
    }

    private string ExportLinear(OnnxGraph file, string name, string x) => file.Linear(x, Table[$"{name}.weight"], Table[$"{name}.bias"]);
}
