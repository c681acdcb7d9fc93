using HashGrid.Model.Calibration;
using HashGrid.Model.Onnx;
using HashGrid.Model.Trunks;

namespace HashGrid.Model;

public sealed partial class HashNet
{
    /// <summary>Name under which the range of F'' is kept.</summary>
    private const string Attended = "attended";

    /// <summary>The folded network in 8-bit integers as an ONNX file: trunk and refinement in bytes; attention, FC and hash layer, a hundredth of the arithmetic, in float.</summary>
    /// <param name="ranges">Of every layer of <see cref="ExportObserved"/>.</param>
    /// <param name="signed">The form of the weights: <see cref="Runtime.ByteArithmetic"/> knows which one this CPU takes. Codes are the same.</param>
    /// <exception cref="ModelFileException">A layer has no range.</exception>
    internal byte[] ExportInt8(LayerRanges ranges, bool signed)
    {
        var graph = new Int8Graph(ranges, signed);
        OnnxGraph file = graph.File;
        int side = Options.MapSide, positions = side * side, channels = _trunk.Channels;
        string map = _trunk.Export(graph, graph.Pixels(Options.Scaling, Options.StemChannels), Options.InputSize);                           // F [1, H, W, K]
        string pooled = graph.MaxPool(map, 3, stride: 1, padding: 1);                                     // F'
        string largest = graph.MaxPool(pooled, 3, stride: 1, padding: 1);
        string maxPooled = Options.PooledMax ? graph.GreatestChannel(largest, channels, positions) : graph.MeanChannel(largest, channels, positions); // F_max
        string maps = file.Concat(1, graph.GreatestChannel(pooled, channels, positions), graph.MeanChannel(pooled, channels, positions), maxPooled);
        string attention = file.Reshape(ExportAttention(file, maps), 1, side, side, 1);                   // M
        string? global = Options.Branches == Branches.Local ? null : Refined(_refineGlobal, map);
        string? local = Options.Branches == Branches.Global ? null : Refined(_refineLocal, graph.Bytes(Attended, file.Multiply(attention, graph.Floats(pooled))));
        return file.ToModel(ExportCode(file, global, local), Options.InputSize, Options.Bits);

        string Refined((ConvUnit One, ConvUnit Two, ConvUnit Skip) block, string x)
        {
            string y = graph.Floats(ExportRefine(graph, block, x, out int rows));                         // [1, h, w, 256]
            // The mean over the 3 × 3 averages is one weighted mean: a position counts once for each window that holds it.
            string weights = file.Constant(PoolWeights(rows, Options.RefinePool), 1, 1, rows * rows);
            return file.Reshape(file.Node("MatMul", [weights, file.Reshape(y, 1, rows * rows, Options.RefinedWidth)]), 1, Options.RefinedWidth);
        }
    }

    private static float[] PoolWeights(int side, bool pooled)
    {
        var weights = new float[side * side];
        for (int row = 0; row < side; row++)
            for (int column = 0; column < side; column++)
                weights[(row * side) + column] = (pooled ? Windows(row) * Windows(column) / 9f : 1) / (side * side);
        return weights;

        int Windows(int at) => Math.Min(at + 1, side - 1) - Math.Max(at - 1, 0) + 1;
    }
}
