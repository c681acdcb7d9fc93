using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests;

public sealed class HashNetTests
{
    [TestCase(false)]
    [TestCase(true)]
    public void Forward_ParityWeights_EveryIntermediateAgrees(bool folded)
    {
        using HashNet net = Parity.Net();
        if (folded)
            net.Fold();
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        HashNetOutput y = net.Forward(Parity.Tensor("x"));
        (string Name, Tensor Value)[] all =
        [
            ("F", y.F), ("F1", y.Pooled), ("F_maxP", y.MaxPoint), ("F_avgP", y.AvgPoint), ("F_max", y.MaxPooled), ("mlp", y.Mlp), ("M", y.Attention), ("F2", y.Attended),
            ("glob", y.Global!), ("local", y.Local!), ("h", y.Hidden), ("u", y.Code), ("logits", y.Logits!),
        ];
        foreach ((string name, Tensor value) in all)
            Assert.That(Parity.RelativeError(value, $"eval.{name}"), Is.LessThan(1e-5), name);
    }

    [TestCase(Descriptors.Pooled, "eval.no_points.u")]
    [TestCase(Descriptors.MaxPoint | Descriptors.AvgPoint, "eval.no_pool.u")]
    public void Forward_DescriptorsLeftOut_AgreesWithAblation(Descriptors descriptors, string expected)
    {
        using HashNet net = Parity.Net(Parity.Options with { Descriptors = descriptors });
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Assert.That(Parity.RelativeError(net.Forward(Parity.Tensor("x")).Code, expected), Is.LessThan(1e-5));
    }

    [Test]
    public void Head_StandardDescriptors_AttentionDoesNotChangeWithTheMapsScale()
    {
        using var net = new HashNet(Parity.Options with { InputSize = 224, MlpRatio = 1, StandardDescriptors = true });
        using var plain = new HashNet(Parity.Options with { InputSize = 224, MlpRatio = 1 });
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor map = rand([2, net.Forward(rand(1, 224, 224)).F.shape[1], 7, 7], generator: generator) * rand([2, 1, 7, 7], generator: generator) * 10; // differs by far more than the least variance
        Assert.Multiple(() =>
        {
            Assert.That((net.Head(map).Attention - net.Head((3 * map) + 1).Attention).abs().max().item<float>(), Is.LessThan(1e-3));
            Assert.That((plain.Head(map).Attention - plain.Head((3 * map) + 1).Attention).abs().max().item<float>(), Is.GreaterThan(1e-2));
        });
    }

    [Test]
    [Pairwise]
    public void Forward_EverySwitch_KeepsShapes([Values] Branches branches, [Values] AttentionMlp mlp, [Values(4, 5)] int stage, [Values("resnet50", "mobilenet_v2")] string trunk, [Values] bool share)
    {
        HashNetOptions options = Parity.Options with { Branches = branches, Mlp = mlp, FeatureStage = stage, Trunk = trunk, ShareRefinement = share, ClassifyFromHidden = share, SamePadding = share };
        using var net = new HashNet(options);
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        HashNetOutput y = net.Forward(rand(2, 64, 64));
        Assert.Multiple(() =>
        {
            Assert.That(y.Attention.shape, Is.EqualTo([2, 1, options.MapSide, options.MapSide]));
            Assert.That(y.Global is null, Is.EqualTo(branches == Branches.Local));
            Assert.That(y.Local is null, Is.EqualTo(branches == Branches.Global));
            Assert.That(y.Code.shape, Is.EqualTo([2, 48]));
            Assert.That(y.Logits!.shape, Is.EqualTo([2, 14]));
        });
    }

    [Test]
    public void Constructor_ResNet50_HasTheExpectedNumberOfParameters()
    {
        using var net = new HashNet(new HashNetOptions { Bits = 48, Labels = Parity.Options.Labels });
        Assert.That(net.Table.Parameters.Sum(pair => pair.Value.numel()) / 1e6, Is.EqualTo(35.4).Within(0.1));
    }

    [Test]
    public void Constructor_SameSeed_SameWeights()
    {
        using var first = new HashNet(Parity.Options, seed: 7);
        using var second = new HashNet(Parity.Options, seed: 7);
        using var third = new HashNet(Parity.Options, seed: 8);
        Assert.That(first.Table["fc.weight"].Equals(second.Table["fc.weight"]), Is.True);
        Assert.That(first.Table["fc.weight"].Equals(third.Table["fc.weight"]), Is.False);
    }

    [Test]
    public void Constructor_BadOptions_NamesEveryProblem()
    {
        var failure = Assert.Throws<ArgumentException>(() => new HashNet(new HashNetOptions { Bits = 7, InputSize = 100 }))!;
        Assert.That(failure.Message, Does.Contain("7 bits").And.Contain("100"));
    }

    [TestCase("parrot.png")]
    [TestCase("cat.png")]
    [TestCase("dragonfly.png")]
    public void Features_ImageNetTrunk_ReproducesTopFiveClasses(string picture)
    {
        IReadOnlyDictionary<string, SafetensorsEntry> tensors = MobileNetImport.Read(TestFiles.Model("imagenet", "mobilenet_v2_imagenet.json"));
        using var net = new HashNet(MobileNetImport.Options(new HashNetOptions()));
        MobileNetImport.FillTrunk(net, tensors);
        using IDisposable inference = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor x = Rgb(TestFiles.Path("imagenet", picture)) / 127.5 - 1;
        Tensor pooled = net.Features(x).mean([2, 3]);
        Tensor p = nn.functional.linear(pooled, ModelFile.ToTensor(tensors["classifier.weight"], "w", ""), ModelFile.ToTensor(tensors["classifier.bias"], "b", "")).softmax(1);
        using var expected = System.Text.Json.JsonDocument.Parse(File.ReadAllText(TestFiles.Path("imagenet", "expected_float.json")));
        foreach (System.Text.Json.JsonElement one in expected.RootElement.GetProperty(picture).EnumerateArray())
            Assert.That(p[0, one.GetProperty("index").GetInt32()].item<float>(), Is.EqualTo(one.GetProperty("p").GetDouble()).Within(1e-3));
    }

    private static Tensor Rgb(string path)
    {
        using NetVips.Image image = NetVips.Image.NewFromFile(path);
        byte[] bytes = image.WriteToMemory<byte>();
        return tensor(Array.ConvertAll(bytes, one => (float)one), [image.Height, image.Width, image.Bands])[.., .., ..3].permute(2, 0, 1).unsqueeze(0);
    }
}
