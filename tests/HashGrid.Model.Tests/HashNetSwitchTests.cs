using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Tests;

/// <summary>What the specification leaves open: each switch against values from elsewhere.</summary>
public sealed class HashNetSwitchTests
{
    private static readonly HashNetOptions Small = Parity.Options with { InputSize = 160, RefinedWidth = 2, Branches = Branches.Global };

    [Test]
    public void Head_PooledMax_IsTheDilatedMaxPoint()
    {
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(4);
        using var net = new HashNet(Parity.Options with { PooledMax = true });
        using var mean = new HashNet(Parity.Options);
        Tensor map = rand([3, 256, 2, 2], generator: generator);
        HashNetOutput y = net.Head(map);
        Assert.That(y.MaxPooled.Equals(functional.max_pool2d(y.MaxPoint.unsqueeze(1), 3, stride: 1, padding: 1).squeeze(1)), Is.True);
        Assert.That(y.MaxPooled.Equals(mean.Head(map).MaxPooled), Is.False);
    }

    [TestCase(0.5, 0.46211716)]
    [TestCase(-0.25, -0.24491866)]
    public void Head_AttentionBias_IsWhereAttentionStarts(double bias, double expected)
    {
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var net = new HashNet(Parity.Options with { AttentionBias = bias });
        net.Table["attention.conv.weight"].zero_();
        Tensor attention = net.Head(rand(2, 256, 2, 2)).Attention;
        Assert.That((attention - expected).abs().max().item<float>(), Is.LessThan(1e-6));
    }

    /// <summary>With its residual path at zero, f is a mean of relu(shortcut): counted here position by position.</summary>
    [Test]
    [Pairwise]
    public void Head_Refinement_StrideAverageAndShortcutAreThoseCountedByHand([Values(1, 2)] int stride, [Values] bool pool, [Values(1, 3)] int kernel)
    {
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var net = new HashNet(Small with { RefineStride = stride, RefinePool = pool, RefineSkip = kernel }, seed: 9);
        net.Table["refine_global.bn2.weight"].zero_();
        Tensor map = randn([1, 256, 5, 5], generator: generator), weight = net.Table["refine_global.downsample.0.weight"];
        Assert.That(weight.shape, Is.EqualTo([2, 256, kernel, kernel]));
        float[] x = map.data<float>().ToArray(), w = weight.data<float>().ToArray();
        int side = (5 + stride - 1) / stride;
        double[] expected = new double[2];
        for (int o = 0; o < 2; o++)
            for (int row = 0; row < side; row++)
                for (int column = 0; column < side; column++)
                {
                    double sum = 0;
                    for (int i = 0; i < 256; i++)
                        for (int dy = 0; dy < kernel; dy++)
                            for (int dx = 0; dx < kernel; dx++)
                            {
                                int y = (row * stride) + dy - (kernel / 2), at = (column * stride) + dx - (kernel / 2);
                                if (y is >= 0 and < 5 && at is >= 0 and < 5)
                                    sum += w[(((((o * 256) + i) * kernel) + dy) * kernel) + dx] * x[(((i * 5) + y) * 5) + at];
                            }
                    // A 3 × 3 average with padding, then the mean: a position counts once for each window that holds it.
                    int windows = Enumerable.Range(-1, 3).Count(d => row + d >= 0 && row + d < side) * Enumerable.Range(-1, 3).Count(d => column + d >= 0 && column + d < side);
                    expected[o] += Math.Max(0, sum / Math.Sqrt(1 + 1e-5)) * (pool ? windows / 9.0 : 1) / (side * side);
                }
        float[] actual = net.Head(map).Global!.data<float>().ToArray();
        Assert.That(actual[0], Is.EqualTo(expected[0]).Within(1e-4 * Math.Abs(expected[0])));
        Assert.That(actual[1], Is.EqualTo(expected[1]).Within(1e-4 * Math.Abs(expected[1])));
    }

    [Test]
    public void Prepare_OneChannel_IsScaledByTheMeanOfImageNetsThree()
    {
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var net = new HashNet(Parity.Options with { StemChannels = 1 });
        Tensor x = net.Prepare(full(1, 64, 64, 0.675));
        Assert.That(x.shape, Is.EqualTo([1, 1, 64, 64]));
        Assert.That(x.mean().item<float>(), Is.EqualTo((0.675 - 0.449) / 0.226).Within(1e-5));
    }

    [TestCase("resnet50")]
    [TestCase("mobilenet_v2")]
    public void FillTrunk_OneChannel_GivesWhatThreeEqualChannelsGive(string trunk)
    {
        string path = Path.GetTempFileName();
        try
        {
            using IDisposable inference = no_grad();
            using DisposeScope scope = NewDisposeScope();
            HashNetOptions options = Parity.Options with { Trunk = trunk, Scaling = InputScaling.Symmetric };
            using var three = new HashNet(options, seed: 3);
            using var one = new HashNet(options with { StemChannels = 1 }, seed: 4);
            SafetensorsFile.Write(path, TorchvisionImport.ExportTrunk(three, half: false), new Dictionary<string, string>());
            TorchvisionImport.FillTrunk(one, path);
            Tensor pixels = rand(2, 64, 64), expected = three.Forward(pixels).F, actual = one.Forward(pixels).F;
            Assert.That((actual - expected).abs().max().item<float>(), Is.LessThan(1e-4 * expected.abs().max().item<float>()));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Validate_SwitchesOutOfRange_NamesEach() =>
        Assert.That(new HashNetOptions { StemChannels = 2, RefineStride = 3, RefineSkip = 2, AttentionBias = double.NaN }.Validate(), Has.Count.EqualTo(4));
}
