using HashGrid.Model.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Runtime;

/// <summary>The exported network against libtorch, for every switch that changes its graph.</summary>
public sealed class OnnxForwardTests
{
    private static IEnumerable<HashNetOptions> Networks()
    {
        HashNetOptions resnet = Parity.Options, mobile = new() { Trunk = "mobilenet_v2", InputSize = 96, RefinedWidth = 24, HiddenWidth = 40, Bits = 24 };
        yield return resnet;
        yield return resnet with { FeatureStage = 4 };
        yield return resnet with { Scaling = InputScaling.Symmetric, Mlp = AttentionMlp.Pixel };
        yield return resnet with { Branches = Branches.Global };
        yield return resnet with { Branches = Branches.Local, ShareRefinement = true };
        yield return resnet with { Descriptors = Descriptors.Pooled, InputSize = 96 };
        yield return resnet with { Descriptors = Descriptors.None, TrunkFolded = true };
        yield return mobile;
        yield return mobile with { SamePadding = true };
        yield return mobile with { SamePadding = true, InputSize = 224, FeatureStage = 4, Scaling = InputScaling.Symmetric, TrunkFolded = true };
    }

    [TestCaseSource(nameof(Networks))]
    public void Run_AnyNetwork_EqualsTorch(HashNetOptions options)
    {
        using var net = new HashNet(options, seed: 7);
        Disturb(net);
        net.Fold();
        int side = options.InputSize;
        using var onnx = new OnnxForward(net.Export(), side, options.Bits, threads: 1);
        using var torch = new TorchForward(net, CPU);
        var random = new Random(20291);
        for (int image = 0; image < 3; image++)
        {
            float[] pixels = [.. Enumerable.Range(0, side * side).Select(_ => random.NextSingle())], expected = new float[options.Bits], actual = new float[options.Bits];
            torch.Run(pixels, expected);
            onnx.Run(pixels, actual);
            double largest = expected.Max(MathF.Abs), error = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
            Assert.That(error, Is.LessThan(1e-4 * largest), $"largest {largest}");
        }
    }

    [Test]
    public void Run_ManyThreadsAtOnce_GivesEachItsOwn()
    {
        using HashNet net = Parity.Net();
        net.Fold();
        using var forward = new OnnxForward(net.Export(), 64, 48, threads: 4);
        float[][] images = [.. Enumerable.Range(0, 40).Select(seed => new Random(seed)).Select(random => (float[])[.. Enumerable.Range(0, 64 * 64).Select(_ => random.NextSingle())])];
        float[][] alone = [.. images.Select(image => Run(forward, image))], together = new float[images.Length][];
        Parallel.For(0, images.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => together[i] = Run(forward, images[i]));
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(alone[0], Is.Not.EqualTo(alone[1]));
    }

    private static float[] Run(OnnxForward forward, float[] pixels)
    {
        var u = new float[48];
        forward.Run(pixels, u);
        return u;
    }

    /// <summary>Batch norm of a new network does next to nothing; statistics of a trained one are all over the place.</summary>
    private static void Disturb(HashNet net)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(3);
        foreach (string name in net.Table.Names)
        {
            Tensor value = net.Table[name];
            if (name.EndsWith("running_mean", StringComparison.Ordinal) || name.EndsWith("bias", StringComparison.Ordinal)) value.add_(randn(value.shape, generator: generator) * 0.1);
            if (name.EndsWith("running_var", StringComparison.Ordinal)) value.mul_((rand(value.shape, generator: generator) * 0.8) + 0.6);
        }
    }
}
