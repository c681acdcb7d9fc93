using HashGrid.Model.Onnx;

namespace HashGrid.Model.Runtime;

/// <summary>In which form of the weights this CPU adds products of bytes exactly.</summary>
/// <remarks>
/// x86 without VNNI adds two products of unsigned and signed bytes in 16 bits, which saturate: large weights on bright pixels give other codes there than
/// anywhere else. Two unsigned bytes it widens first, which is slower and exact. It is asked, not looked up: one small product whose pairs exceed 16 bits,
/// through the very kernel that the network uses.
/// Source: ONNX Runtime, "Quantize ONNX models", section on U8S8 and saturation.
/// </remarks>
internal static class ByteArithmetic
{
    private static readonly Lazy<bool> Signed = new(() => Probe(signed: true));
    private static readonly Lazy<bool> Unsigned = new(() => Probe(signed: false));

    /// <summary>Signed weights, the quicker form, give exact sums.</summary>
    public static bool TakesSigned => Signed.Value;

    /// <summary>One form or the other does.</summary>
    public static bool IsExact => Signed.Value || Unsigned.Value;

    internal static bool Probe(bool signed)
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
                graph.Weights(weights, signed, 16, Channels, 1, 1), graph.Constant([1f]), graph.Weights([0], signed),
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
