using HashGrid.Model.Onnx;

namespace HashGrid.Model.Runtime;

/// <summary>Whether this CPU adds products of bytes exactly.</summary>
/// <remarks>
/// x86 without VNNI adds two products in 16 bits, which saturate: large weights on bright pixels give other codes there than anywhere else. It is asked, not
/// looked up: one small product whose pairs exceed 16 bits, through the very kernel that the network uses.
/// Source: ONNX Runtime, "Quantize ONNX models", section on U8S8 and saturation.
/// </remarks>
internal static class ByteArithmetic
{
    private static readonly Lazy<bool> Exact = new(Probe);

    public static bool IsExact => Exact.Value;

    private static bool Probe()
    {
        const int Channels = 64, Sum = Channels * byte.MaxValue * sbyte.MaxValue;
        var graph = new OnnxGraph();
        var weights = new sbyte[16 * Channels];
        Array.Fill(weights, sbyte.MaxValue);
        string x = graph.Node("QuantizeLinear", [OnnxGraph.Input, graph.Constant([1f]), graph.Constant([(byte)0])]);
        x = graph.Reshape(x, 1, 1, 1, Channels);
        string y = graph.RuntimeNode(
            "QLinearConv",
            [
                x, graph.Constant([1f]), graph.Constant([(byte)0]),
                graph.Constant(weights, 16, Channels, 1, 1), graph.Constant([1f]), graph.Constant([(sbyte)0]),
                graph.Constant([Sum / 200f]), graph.Constant([(byte)0]), graph.Constant(new int[16], 16),
            ],
            [.. new ConvShape(1, 0, 0, 1).Attributes(1), OnnxGraph.Int("channels_last", 1)]);
        y = graph.Reshape(graph.Node("DequantizeLinear", [y, graph.Constant([1f]), graph.Constant([(byte)0])]), 1, 16);
        using var forward = new OnnxForward(graph.ToModel(y, 8, 16), 8, 16, threads: 1);
        var pixels = new float[Channels];
        Array.Fill(pixels, byte.MaxValue);
        var sums = new float[16];
        forward.Run(pixels, sums);
        return sums.All(sum => sum == 200);
    }
}
