using HashGrid.Model.Onnx;
using HashGrid.Model.Runtime;
using HashGrid.Model.Trunks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Rivals;

/// <summary>The network of attention-based triplet hashing as its published code has it, on three equal grey channels of 0 to 255.</summary>
/// <remarks>Source: Fang, Fu, Liu, "Deep triplet hashing network for case-based medical image retrieval", Medical Image Analysis 69, 2021; code fjssharpsword/ATH, from which it is described, not copied.</remarks>
public sealed class AthNet : RivalNet
{
    private readonly (ConvUnit One, ConvUnit Two, ConvUnit Skip)[] _blocks;

    /// <summary>Registers the tensors; use <see cref="RivalNet.Create"/>.</summary>
    internal AthNet(RivalOptions options, ulong seed)
        : base(options, seed)
    {
        _blocks = [Block(0, 3, 16), Block(1, 16, 8), Block(2, 8, 1)];
        Table.AddParameter("attention.weight", Table.Xavier([1, 2, 3, 3]));
        int side = options.InputSize / 8;
        AddLinear("hash", side * side, options.Bits);
        if (options.Labels.Length > 0)
            AddLinear("classifier", side * side, options.Labels.Length);
    }

    /// <inheritdoc/>
    public override Tensor Codes(Tensor pixels) => Linear("hash", Features(pixels));

    /// <summary>u [N, k], and the logits [N, C] or null without labels.</summary>
    public (Tensor Code, Tensor? Logits) Forward(Tensor pixels)
    {
        Tensor features = Features(pixels);
        return (Linear("hash", features), Options.Labels.Length > 0 ? Linear("classifier", features) : null);
    }

    /// <inheritdoc/>
    public override void Fold()
    {
        foreach ((ConvUnit one, ConvUnit two, ConvUnit skip) in _blocks)
        {
            one.Fold();
            two.Fold();
            skip.Fold();
        }
    }

    private Tensor Features(Tensor pixels)
    {
        using Tensor white = tensor(255f, device: pixels.device);
        Tensor x = (pixels.view(-1, 1, InputSize, InputSize) * white).expand(-1, 3, -1, -1);      // [N, 3, S, S]
        x = functional.max_pool2d(Run(_blocks[0], x), 3, stride: 1, padding: 1);                  // [N, 16, S/2, S/2]
        Tensor seen = cat([x.mean([1], keepdim: true), x.amax([1], true)], 1);                    // [N, 2, S/2, S/2]
        x = functional.conv2d(seen, Table["attention.weight"], null, [1, 1], [1, 1]).sigmoid() * x;
        x = functional.avg_pool2d(Run(_blocks[1], x), 3, stride: 1, padding: 1);                  // [N, 8, S/4, S/4]
        return Run(_blocks[2], x).flatten(1);                                                     // [N, S/8 · S/8]
    }

    private protected override string Export(FloatGraph graph)
    {
        int side = InputSize;
        OnnxGraph file = graph.File;
        string x = file.Multiply(OnnxGraph.Input, file.Constant([255f, 255f, 255f], 1, 3, 1, 1));
        x = graph.MaxPool(ExportBlock(graph, _blocks[0], x, ref side), 3, stride: 1, padding: 1);
        using Tensor none = zeros(1);
        string attention = file.Conv(file.Concat(1, file.Mean(x, keep: true, 1), file.Max(x, 1)), Table["attention.weight"], none, new ConvShape(1, 1, 1, 1));
        string half = file.Constant([0.5f], 1, 1, 1, 1);
        attention = file.Add(file.Multiply(file.Tanh(file.Multiply(attention, half)), half), half); // the sigmoid
        x = ExportAverage(graph, ExportBlock(graph, _blocks[1], file.Multiply(attention, x), ref side), 8, stride: 1);
        x = ExportBlock(graph, _blocks[2], x, ref side);
        return ExportLinear(graph, "hash", file.Reshape(x, 1, side * side));
    }

    private (ConvUnit One, ConvUnit Two, ConvUnit Skip) Block(int index, int input, int output)
    {
        string name = $"blocks.{index}.";
        var block = (
            new ConvUnit(Table, name + "conv1", name + "bn1", input, output, kernel: 3, stride: 2),
            new ConvUnit(Table, name + "conv2", name + "bn2", output, output, kernel: 3),
            new ConvUnit(Table, name + "skip.0", name + "skip.1", input, output, kernel: 3, stride: 2));
        using IDisposable frozen = no_grad();
        foreach (string conv in (string[])["conv1", "conv2", "skip.0"])
        {
            Tensor weight = Table[$"{name}{conv}.weight"];
            weight.copy_(Table.Normal(weight.shape, Math.Sqrt(2.0 / ((weight.shape[0] + weight.shape[1]) * 9)))); // Xavier, normal
        }
        return block;
    }

    private Tensor Run((ConvUnit One, ConvUnit Two, ConvUnit Skip) block, Tensor x)
    {
        Tensor y = functional.relu(block.One.Forward(x, Training));
        return functional.relu(block.Two.Forward(y, Training).Plus(block.Skip.Forward(x, Training)));
    }

    private static string ExportBlock(FloatGraph graph, (ConvUnit One, ConvUnit Two, ConvUnit Skip) block, string x, ref int side)
    {
        int skipSide = side;
        string y = block.One.Export(graph, x, ref side, Activation.Relu);
        return graph.Add(block.Two.Name, block.Two.Export(graph, y, ref side, Activation.None), block.Skip.Export(graph, x, ref skipSide, Activation.None), Activation.Relu);
    }
}
