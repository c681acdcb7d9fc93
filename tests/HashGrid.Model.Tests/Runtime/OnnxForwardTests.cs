using HashGrid.Model.Calibration;
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
        yield return resnet with { StandardDescriptors = true };
        yield return resnet with { StemChannels = 1, PooledMax = true, InputSize = 96 };
        yield return resnet with { RefineStride = 1, RefineSkip = 3, InputSize = 96 };
        yield return resnet with { RefinePool = false, RefineSkip = 3, AttentionBias = -0.2, InputSize = 160 };
        yield return mobile with { StemChannels = 1, Scaling = InputScaling.Symmetric, SamePadding = true, RefinePool = false, RefineStride = 1, PooledMax = true };
        yield return mobile with { StandardDescriptors = true, Mlp = AttentionMlp.Pixel };
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
        using var torch = new TorchForward(net, CPU, ScalarType.Float32);
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

    /// <summary>Random weights amplify noise as no trained network does, so the bound is loose; a wrong scale, pad or layout gives an error of the signal's own size.</summary>
    [TestCaseSource(nameof(Networks))]
    public void Run_InBytes_ComesCloseToFloat(HashNetOptions options)
    {
        using var net = new HashNet(options, seed: 7);
        Disturb(net);
        net.Fold();
        int side = options.InputSize;
        var random = new Random(20292);
        // Blobs, not noise: like pictures, they reach every layer with more than a mean.
        float[][] images = [.. Enumerable.Range(0, 12).Select(_ => Blobs(random, side))];
        LayerRanges ranges = Calibrator.Measure(net, images.Select(image => (ReadOnlyMemory<float>)image));
        using var exact = new OnnxForward(net.Export(), side, options.Bits, threads: 1);
        using var bytes = new OnnxForward(net.ExportInt8(ranges, ByteArithmetic.TakesSigned), side, options.Bits, threads: 1);
        float[][] expected = [.. images.Select(image => Run(exact, image, options.Bits))], actual = [.. images.Select(image => Run(bytes, image, options.Bits))];
        double error = 0, signal = 0;
        foreach ((float[] one, float[] other) in expected.Zip(actual))
        {
            error += one.Zip(other, (a, b) => Math.Pow(a - b, 2)).Sum();
            signal += one.Sum(value => Math.Pow(value, 2));
        }
        Assert.That(Math.Sqrt(error / signal), Is.LessThan(0.3));
        if (!ByteArithmetic.TakesSigned || !ByteArithmetic.Probe(signed: false)) return;
        using var unsigned = new OnnxForward(net.ExportInt8(ranges, signed: false), side, options.Bits, threads: 1);
        Assert.That(images.Select(image => Run(unsigned, image, options.Bits)), Is.EqualTo(actual), "the form of the weights changes nothing");
    }

    [Test]
    public void ExportInt8_RangeOfALayerMissing_NamesTheLayer()
    {
        using HashNet net = Parity.Net();
        net.Fold();
        Assert.That(Assert.Throws<ModelFileException>(() => net.ExportInt8(new LayerRanges(new Dictionary<string, (float, float)>()), signed: true))!.Message, Does.Contain("trunk.conv1").And.Contain("calibrate"));
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

    private static float[] Run(OnnxForward forward, float[] pixels, int bits = 48)
    {
        var u = new float[bits];
        forward.Run(pixels, u);
        return u;
    }

    private static float[] Blobs(Random random, int side)
    {
        var image = new float[side * side];
        for (int blob = 0; blob < 6; blob++)
        {
            (double x, double y, double width, double height) = (random.NextDouble() * side, random.NextDouble() * side, (0.05 + random.NextDouble() * 0.3) * side, random.NextDouble());
            for (int i = 0; i < image.Length; i++)
            {
                double dx = (i % side) - x, dy = (i / side) - y;
                image[i] = (float)Math.Min(1, image[i] + height * Math.Exp(-((dx * dx) + (dy * dy)) / (width * width)));
            }
        }
        return image;
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
