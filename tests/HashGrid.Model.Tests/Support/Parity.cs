using HashGrid.Model.Weights;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests;

/// <summary>The independent computation in Data/parity and the network with its weights.</summary>
internal static class Parity
{
    public static readonly IReadOnlyDictionary<string, SafetensorsEntry> Expected = SafetensorsFile.Read(TestFiles.Path("parity", "tensors.safetensors")).Tensors;

    public static readonly HashNetOptions Options = new()
    {
        TrunkWidth = 8,
        TrunkBlocks = [1, 1, 2, 1],
        InputSize = 64,
        RefinedWidth = 32,
        HiddenWidth = 64,
        Bits = 48,
        Labels = [.. Enumerable.Range(0, 14).Select(i => $"label{i}")],
    };

    public static HashNet Net(HashNetOptions? options = null)
    {
        var net = new HashNet(options ?? Options);
        string path = TestFiles.Path("parity", "weights.safetensors");
        ModelFile.Fill(net.Table, SafetensorsFile.Read(path).Tensors, path);
        return net;
    }

    public static Tensor Tensor(string name) => ModelFile.ToTensor(Expected[name], name, "parity");

    /// <summary>Largest difference over the largest expected magnitude.</summary>
    public static double RelativeError(Tensor actual, string name)
    {
        using Tensor expected = Tensor(name);
        Assert.That(actual.shape, Is.EqualTo(expected.shape), name);
        return ((actual - expected).abs().max() / expected.abs().max()).to_type(ScalarType.Float64).item<double>();
    }
}
