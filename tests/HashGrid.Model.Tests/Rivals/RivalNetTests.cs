using HashGrid.Model.Rivals;
using HashGrid.Model.Runtime;
using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Rivals;

public sealed class RivalNetTests
{
    /// <summary>Small ones: a trunk of 64 channels, own networks on 64 pixels.</summary>
    internal static RivalOptions Options(RivalMethod method, int bits) => RivalOptions.For(method, bits, Trunk, ["a", "b"]) with { InputSize = 64 };

    internal static readonly HashNetOptions Trunk = new() { TrunkWidth = 2, TrunkBlocks = [1, 1, 1, 1], InputSize = 64 };

    [Test]
    public void Run_EveryMethodAsOnnx_EqualsTorch([Values] RivalMethod method)
    {
        using RivalNet net = Disturbed(method);
        net.Fold();
        IHashModel model = net;
        using var onnx = new OnnxForward(model.Export(), net.InputSize, net.Bits, threads: 1);
        foreach (float[] pixels in Images(3, net.InputSize))
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable frozen = no_grad();
            float[] expected = net.Codes(tensor(pixels, [1, net.InputSize, net.InputSize])).data<float>().ToArray(), actual = new float[net.Bits];
            onnx.Run(pixels, actual);
            double largest = expected.Max(MathF.Abs), error = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
            Assert.That(error, Is.LessThan(1e-4 * largest), $"largest {largest}");
        }
    }

    [Test]
    public void Load_SavedRival_EncodesAsItDid([Values] RivalMethod method)
    {
        string path = Path.GetTempFileName();
        try
        {
            using RivalNet net = Disturbed(method);
            ModelIdentity identity = HashModels.Save(path, net, "tiny");
            using HashEncoder encoder = HashEncoder.Load(path, new HashEncoderOptions { Threads = 1 });
            Assert.That(encoder.Identity, Is.EqualTo(identity));
            Assert.That(identity.Trunk, Is.EqualTo(method switch { RivalMethod.Dsh => "dsh", RivalMethod.Ath => "ath", _ => "resnet50" }));
            float[] pixels = Images(1, net.InputSize)[0];
            ulong[] code = new ulong[1];
            encoder.Encode(pixels, 1, code);
            using DisposeScope scope = NewDisposeScope();
            using IDisposable frozen = no_grad();
            float[] u = net.Codes(tensor(pixels, [1, net.InputSize, net.InputSize])).data<float>().ToArray();
            for (int bit = 0; bit < net.Bits; bit++)
                if (Math.Abs(u[bit]) > 1e-3)
                    Assert.That((code[0] >> bit & 1) == 1, Is.EqualTo(u[bit] >= 0), $"bit {bit}");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Load_ChangedByte_IsRefused()
    {
        string path = Path.GetTempFileName();
        try
        {
            using RivalNet net = Disturbed(RivalMethod.Itq);
            HashModels.Save(path, net, "tiny");
            byte[] bytes = File.ReadAllBytes(path);
            bytes[^3] ^= 1;
            File.WriteAllBytes(path, bytes);
            Assert.That(Assert.Throws<ModelFileException>(() => HashModels.Load(path))!.Message, Does.Contain("fingerprint"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Create_BadOptions_ListsEveryProblem()
    {
        RivalOptions bad = Options(RivalMethod.Itq, 4) with { InputSize = 96, Layers = [0] };
        Assert.That(Assert.Throws<ArgumentException>(() => RivalNet.Create(bad))!.Message, Does.Contain("4 bits").And.Contain("layers need").And.Contain("input size is 96, but the trunk's is 64"));
    }

    private static RivalNet Disturbed(RivalMethod method)
    {
        RivalNet net = RivalNet.Create(Options(method, 24), seed: 3);
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(6);
        foreach (string name in net.Table.Names)
        {
            Tensor value = net.Table[name];
            if (name.EndsWith("mean", StringComparison.Ordinal) || name.EndsWith("bias", StringComparison.Ordinal)) value.add_(randn(value.shape, generator: generator) * 0.1);
            if (name.EndsWith("running_var", StringComparison.Ordinal)) value.mul_((rand(value.shape, generator: generator) * 0.8) + 0.6);
            if (name == "pooled.scale") value.mul_(1.7f);
        }
        return net;
    }

    private static float[][] Images(int count, int side) =>
        [.. Enumerable.Range(0, count).Select(seed => new Random(seed)).Select(random => (float[])[.. Enumerable.Range(0, side * side).Select(_ => random.NextSingle())])];
}
