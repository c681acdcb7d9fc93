using HashGrid.Model.Weights;
using TorchSharp;

namespace HashGrid.Model.Tests;

public sealed class HashEncoderTests
{
    private string _path = "";

    [OneTimeSetUp]
    public void WriteWeights()
    {
        _path = Path.Combine(Directory.CreateTempSubdirectory("hashgrid-test-").FullName, "a.safetensors");
        using HashNet net = Parity.Net();
        ModelFile.Save(_path, net, "parity");
    }

    [OneTimeTearDown]
    public void DeleteWeights() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Test]
    public void Encode_AnyBatch_EachImageHasItsOwnCode([Values("onnx", "torch")] string engine, [Values(1, 3)] int threads)
    {
        using HashEncoder encoder = HashEncoder.Load(_path, new HashEncoderOptions { Device = "cpu", Engine = engine, Threads = threads });
        Assert.That(encoder.Engine, Is.EqualTo(engine));
        float[] pixels = Pixels(11);
        ulong[] together = new ulong[11], alone = new ulong[11], shifted = new ulong[10];
        encoder.Encode(pixels, 11, together);
        for (int i = 0; i < 11; i++)
            encoder.Encode(pixels.AsSpan(i * 64 * 64, 64 * 64), 1, alone.AsSpan(i, 1));
        encoder.Encode(pixels.AsSpan(64 * 64), 10, shifted);
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(together[1..], Is.EqualTo(shifted));
        Assert.That(together.Distinct().Count(), Is.GreaterThan(1));
        Assert.That(together, Is.All.LessThan(1UL << 48), "spare bits");
    }

    [Test]
    public void Encode_ManyBatches_LiveTensorsStayFlat()
    {
        using HashEncoder encoder = HashEncoder.Load(_path, new HashEncoderOptions { Device = "cpu", Engine = "torch", Threads = 1 });
        float[] pixels = Pixels(1);
        ulong[] code = new ulong[1];
        encoder.Encode(pixels, 1, code);
        // What other tests left to the finalizer would be counted as given back here.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = torch.Tensor.TotalCount;
        for (int i = 0; i < 1000; i++)
            encoder.Encode(pixels, 1, code);
        Assert.That(torch.Tensor.TotalCount, Is.EqualTo(before));
    }

    [Test]
    public void Encode_WrongLengths_NamesBoth()
    {
        using HashEncoder encoder = HashEncoder.Load(_path);
        Assert.That(Assert.Throws<ArgumentException>(() => encoder.Encode(new float[5], 1, new ulong[1]))!.Message, Does.Contain("5 values").And.Contain("4096"));
        Assert.That(Assert.Throws<ArgumentException>(() => encoder.Encode(new float[4096], 1, new ulong[2]))!.Message, Does.Contain("2 words"));
    }

    [Test]
    public void Load_UnknownDevice_NamesTheChoices() =>
        Assert.That(Assert.Throws<ArgumentException>(() => HashEncoder.Load(_path, new HashEncoderOptions { Device = "tpu" }))!.Message, Does.Contain("auto, cpu or cuda"));

    [Test]
    public void Load_UnknownEngine_NamesTheChoices() =>
        Assert.That(Assert.Throws<ArgumentException>(() => HashEncoder.Load(_path, new HashEncoderOptions { Engine = "steam" }))!.Message, Does.Contain("auto, onnx or torch"));

    private static float[] Pixels(int count)
    {
        var random = new Random(20261);
        return [.. Enumerable.Range(0, count * 64 * 64).Select(_ => random.NextSingle())];
    }
}
