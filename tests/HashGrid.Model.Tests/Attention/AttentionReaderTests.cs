using HashGrid.Model.Attention;
using HashGrid.Model.Rivals;
using HashGrid.Model.Tests.Rivals;
using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Attention;

public sealed class AttentionReaderTests
{
    private string _path = "";

    [SetUp]
    public void Create() => _path = Path.GetTempFileName();

    [TearDown]
    public void Delete() => File.Delete(_path);

    [Test]
    public void Read_SavedNetwork_GivesTheMapOfItsForwardPass()
    {
        using HashNet net = Parity.Net();
        ModelFile.Save(_path, net, "tiny");
        float[] pixels = [.. Enumerable.Range(0, 64 * 64).Select(i => i % 97 / 96f)];
        using AttentionReader reader = AttentionReader.Load(_path);
        AttentionMap map = reader.Read(pixels);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable frozen = no_grad();
        float[] expected = net.Forward(tensor(pixels, [1, 64, 64])).Attention.contiguous().data<float>().ToArray();
        Assert.That(map.Side, Is.EqualTo(2));
        Assert.That(map.Values, Is.EqualTo(expected).Within(1e-4));
        Assert.That(Assert.Throws<ArgumentException>(() => reader.Read(pixels.AsSpan(1)))!.Message, Does.Contain("4095 values"));
    }

    [Test]
    public void Load_Rival_SaysThatItHasNoMap()
    {
        using (RivalNet net = RivalNet.Create(RivalNetTests.Options(RivalMethod.Itq, 16)))
            HashModels.Save(_path, net, "itq-16");
        Assert.That(Assert.Throws<ModelFileException>(() => AttentionReader.Load(_path))!.Message, Does.Contain("no attention map"));
    }
}
