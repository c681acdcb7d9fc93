using System.Numerics;
using HashGrid.Model.Calibration;
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

    [Category("Gpu")]
    [TestCase("float32", 0.01)]
    [TestCase("bfloat16", 0.15)]
    public void Encode_OnAGpu_GivesTheCodesOfTheCpu(string precision, double mostFlips)
    {
        if (!torch.cuda.is_available())
            Assert.Ignore("no CUDA device, or the CPU package of TorchSharp: build with -p:TorchBackend=cuda on a machine with a GPU");
        const int count = 70; // two full batches and a part
        float[] pixels = Pixels(count);
        ulong[] onCpu = new ulong[count], onGpu = new ulong[count], again = new ulong[count];
        using (HashEncoder encoder = HashEncoder.Load(_path, new HashEncoderOptions { Device = "cpu", Engine = "torch", Precision = precision }))
            encoder.Encode(pixels, count, onCpu);
        using (HashEncoder encoder = HashEncoder.Load(_path, new HashEncoderOptions { Device = "cuda", Precision = precision }))
        {
            Assert.That(encoder.Device, Does.StartWith("cuda"));
            encoder.Encode(pixels, count, onGpu);
            encoder.Encode(pixels, count, again);
        }
        Assert.That(again, Is.EqualTo(onGpu));
        Assert.That(onCpu.Zip(onGpu, (a, b) => BitOperations.PopCount(a ^ b)).Sum() / (48.0 * count), Is.LessThan(mostFlips), "share of bits that differ");
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

    [Test]
    public void Validate_ChoicesThatDoNotGoTogether_NamesEveryOne()
    {
        var options = new HashEncoderOptions { Device = "cuda", Engine = "onnx", Precision = "bfloat16", Threads = -1 };
        Assert.That(options.Validate(), Has.Count.EqualTo(3).And.Some.Contains("engine onnx runs on a CPU").And.Some.Contains("threads are -1").And.Some.Contains("bfloat16 needs engine torch"));
        Assert.That(new HashEncoderOptions { Engine = "torch", Precision = "int8" }.Validate().Single(), Does.Contain("int8 needs engine onnx"));
        Assert.That(new HashEncoderOptions().Validate(), Is.Empty);
    }

    [Test]
    public void Load_Int8OfWeightsNeverCalibrated_SaysWhatToDo() =>
        Assert.That(Assert.Throws<ModelFileException>(() => HashEncoder.Load(_path, new HashEncoderOptions { Precision = "int8" }))!.Message, Does.Contain("hashgrid calibrate"));

    [Test]
    public void Calibrate_ThenInt8_IsAnotherNetworkThatComesClose()
    {
        string path = _path + ".calibrated";
        float[] pixels = Pixels(16);
        (int layers, ModelIdentity named) = Calibrator.Calibrate(_path, path, Enumerable.Range(0, 16).Select(i => (ReadOnlyMemory<float>)pixels.AsMemory(i * 4096, 4096)));
        using HashEncoder before = HashEncoder.Load(_path, new HashEncoderOptions { Device = "cpu", Precision = "float32" });
        using HashEncoder exact = HashEncoder.Load(path, new HashEncoderOptions { Device = "cpu", Precision = "float32" });
        using HashEncoder bytes = HashEncoder.Load(path, new HashEncoderOptions { Device = "cpu", Precision = "int8", Threads = 2 });
        Assert.That(exact.Identity, Is.EqualTo(before.Identity), "calibration changes nothing in float32");
        Assert.That(bytes.Identity, Is.EqualTo(named));
        Assert.That(bytes.Identity.Fingerprint, Is.Not.EqualTo(exact.Identity.Fingerprint).And.Length.EqualTo(64));
        Assert.That((bytes.Identity.Name, bytes.Precision, bytes.Engine, layers), Is.EqualTo(("parity-int8", "int8", "onnx", 34)));

        using (HashEncoder auto = HashEncoder.Load(path, new HashEncoderOptions { Device = "cpu" }))
            Assert.That(auto.Identity, Is.EqualTo(named), "calibrated weights run in bytes unless told otherwise");
        ulong[] expected = new ulong[16], together = new ulong[16], alone = new ulong[16];
        exact.Encode(pixels, 16, expected);
        bytes.Encode(pixels, 16, together);
        for (int i = 0; i < 16; i++) bytes.Encode(pixels.AsSpan(i * 4096, 4096), 1, alone.AsSpan(i, 1));
        Assert.That(together, Is.EqualTo(alone), "neither batch nor threads matter");
        int different = expected.Zip(together, (a, b) => BitOperations.PopCount(a ^ b)).Sum();
        Assert.That(different, Is.InRange(1, 16 * 48 / 10));
    }

    [Test]
    public void Calibrate_ImageOfAnotherSize_NamesBoth() =>
        Assert.That(Assert.Throws<ArgumentException>(() => Calibrator.Calibrate(_path, _path + ".none", [new float[9]]))!.Message, Does.Contain("9 values").And.Contain("4096"));

    [Test]
    public void Encode_InBfloat16_ComesCloseInAnyBatch()
    {
        using HashEncoder exact = HashEncoder.Load(_path, new HashEncoderOptions { Device = "cpu" });
        using HashEncoder half = HashEncoder.Load(_path, new HashEncoderOptions { Device = "cpu", Precision = "bfloat16", Threads = 1 });
        Assert.That((half.Identity.Name, half.Engine), Is.EqualTo(("parity-bfloat16", "torch")));
        float[] pixels = Pixels(35);
        ulong[] expected = new ulong[35], actual = new ulong[35];
        exact.Encode(pixels, 35, expected);
        half.Encode(pixels, 35, actual);
        Assert.That(expected.Zip(actual, (a, b) => BitOperations.PopCount(a ^ b)).Sum(), Is.LessThan(35 * 48 / 10));
    }

    private static float[] Pixels(int count)
    {
        var random = new Random(20261);
        return [.. Enumerable.Range(0, count * 64 * 64).Select(_ => random.NextSingle())];
    }
}
