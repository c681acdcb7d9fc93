using HashGrid.Model.Weights;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Weights;

public sealed class TorchvisionImportTests
{
    private static readonly SafetensorsEntry Scalar = new("I64", [], new byte[8]);
    private static readonly SafetensorsEntry One = new("F32", [1], new byte[4]);
    private string _path = "";

    [SetUp]
    public void CreateFolder() => _path = Path.Combine(Directory.CreateTempSubdirectory("hashgrid-test-").FullName, "checkpoint.safetensors");

    [TearDown]
    public void DeleteFolder() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Test]
    public void FillTrunk_TorchvisionNames_GivesTheReferencesFeatures()
    {
        // The reference's own weights under torchvision's names, with what a checkpoint has besides.
        Write(Trunk().Append(new("fc.weight", One)).Append(new("bn1.num_batches_tracked", Scalar)));
        using var net = new HashNet(Parity.Options, seed: 77);
        TorchvisionImport.FillTrunk(net, _path);
        using HashNet expected = Parity.Net();
        using Tensor x = rand(1, 3, 64, 64), actual = net.Features(x), wanted = expected.Features(x);
        Assert.That(actual.Equals(wanted), Is.True);
    }

    [Test]
    public void FillTrunk_Stage4_LeavesTheLastStageAside()
    {
        Write(Trunk());
        using var net = new HashNet(Parity.Options with { FeatureStage = 4 });
        Assert.That(() => TorchvisionImport.FillTrunk(net, _path), Throws.Nothing);
    }

    [Test]
    public void FillTrunk_ExportedMobileNet_ComesBack()
    {
        HashNetOptions options = new() { Trunk = "mobilenet_v2", InputSize = 32, RefinedWidth = 4, HiddenWidth = 4, Bits = 8 };
        using var from = new HashNet(options, seed: 5);
        using var to = new HashNet(options, seed: 6);
        Write(TorchvisionImport.ExportTrunk(from, half: false).Append(new("classifier.1.weight", One)));
        TorchvisionImport.FillTrunk(to, _path);
        Assert.That(to.Table["trunk.features.18.0.weight"].Equals(from.Table["trunk.features.18.0.weight"]), Is.True);
        Assert.That(to.Table["trunk.features.1.conv.2.running_var"].Equals(from.Table["trunk.features.1.conv.2.running_var"]), Is.True);
    }

    [Test]
    public void FillTrunk_ATensorIsMissing_NamesIt()
    {
        Write(Trunk().Where(pair => pair.Key != "layer2.0.bn3.bias"));
        Refuses("layer2.0.bn3.bias");
    }

    [Test]
    public void FillTrunk_AnotherShape_NamesBoth()
    {
        Write(Trunk().Select(pair => pair.Key == "bn1.bias" ? new(pair.Key, One) : pair));
        Refuses("bn1.bias", "[1]", "[8]");
    }

    [Test]
    public void FillTrunk_ALargerNetworkOfTheSameKind_IsRefused()
    {
        Write(Trunk().Append(new("layer3.6.conv1.weight", One)));
        Refuses("layer3.6.conv1.weight", "another network");
    }

    private static IEnumerable<KeyValuePair<string, SafetensorsEntry>> Trunk() =>
        SafetensorsFile.Read(TestFiles.Path("parity", "weights.safetensors")).Tensors.Where(pair => pair.Key.StartsWith("trunk.", StringComparison.Ordinal)).Select(pair => KeyValuePair.Create(pair.Key["trunk.".Length..], pair.Value));

    private void Write(IEnumerable<KeyValuePair<string, SafetensorsEntry>> tensors) => SafetensorsFile.Write(_path, tensors, new Dictionary<string, string>());

    private void Refuses(params string[] words)
    {
        using var net = new HashNet(Parity.Options);
        string message = Assert.Throws<ModelFileException>(() => TorchvisionImport.FillTrunk(net, _path))!.Message;
        foreach (string word in words)
            Assert.That(message, Does.Contain(word));
    }
}
