using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Losses;
using HashGrid.Model.Training;

namespace HashGrid.Model.Tests.Training;

public sealed class TrainerTests
{
    private static readonly string[] Classes = ["Pneumonia", "Effusion", "Infiltration"];
    private static readonly HashNetOptions Small = new()
    {
        TrunkWidth = 8,
        TrunkBlocks = [1, 1, 1, 1],
        InputSize = 64,
        RefinedWidth = 32,
        HiddenWidth = 64,
        Bits = 16,
        Labels = Classes,
    };

    [Test]
    public void RunEpoch_ThirtyTwoImages_LearnsThemByHeart()
    {
        PictureSet pictures = Pictures(32);
        using var net = new HashNet(Small);
        var options = new TrainerOptions
        {
            Optimizer = OptimizerKind.AdamW,
            Rate = 2e-3,
            DropAfter = 0,
            Epochs = 60,
            BatchSize = 16,
            Rotation = 0,
            Zoom = 0,
            Threads = 1,
            Loss = new HashLossOptions { PerBit = true },
        };
        using var trainer = new Trainer(net, pictures, options);
        for (int epoch = 1; epoch <= options.Epochs; epoch++)
            trainer.RunEpoch(epoch);
        float[] codes = Evaluator.Codes(net, pictures);
        Assert.That(Evaluator.Score(pictures.Images, codes, pictures.Images, codes, 16).Map, Is.GreaterThan(0.999));
    }

    [Test]
    public void RunEpoch_SameSeed_SameWeights([Values] Freeze freeze)
    {
        float[] Weights()
        {
            using var net = new HashNet(Small, seed: 3);
            using var trainer = new Trainer(net, Pictures(16), new TrainerOptions { BatchSize = 8, Threads = 1, Freeze = freeze, Views = 2, Average = 0.5 });
            trainer.RunEpoch(1);
            trainer.UseAverage();
            return net.Table["hash.weight"].data<float>().ToArray();
        }
        Assert.That(Weights(), Is.EqualTo(Weights()));
    }

    [Test]
    public void RunEpoch_FrozenTrunk_LeavesItAsItIs()
    {
        using var net = new HashNet(Small);
        using TorchSharp.torch.Tensor trunk = net.Table["trunk.layer4.0.conv1.weight"].detach().clone(), mean = net.Table["trunk.bn1.running_mean"].clone(), head = net.Table["fc.weight"].detach().clone();
        using var trainer = new Trainer(net, Pictures(16), new TrainerOptions { BatchSize = 8, Freeze = Freeze.Trunk, Views = 1, Threads = 1 });
        trainer.RunEpoch(1);
        Assert.That(net.Table["trunk.layer4.0.conv1.weight"].Equals(trunk), Is.True);
        Assert.That(net.Table["trunk.bn1.running_mean"].Equals(mean), Is.True);
        Assert.That(net.Table["fc.weight"].Equals(head), Is.False);
    }

    [Test]
    public void RunEpoch_Cancelled_Stops()
    {
        using var net = new HashNet(Small);
        using var trainer = new Trainer(net, Pictures(16), new TrainerOptions { BatchSize = 8, Threads = 1 });
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => trainer.RunEpoch(1, source.Token));
    }

    [Test]
    public void Constructor_FewerPicturesThanABatch_SaysSo()
    {
        using var net = new HashNet(Small);
        Assert.That(Assert.Throws<ArgumentException>(() => _ = new Trainer(net, Pictures(4), new TrainerOptions()))!.Message, Does.Contain("4 pictures").And.Contain("64"));
    }

    [Test]
    public void Load_MissingPicture_NamesIt() =>
        Assert.That(Assert.Throws<DatasetException>(() => PictureSet.Load([new LabelledImage("/nowhere/a.png", "p", ["a"], [])], 64))!.Message, Does.Contain("/nowhere/a.png"));

    [Test]
    public void Load_SavedCache_SameMaps()
    {
        string path = Path.GetTempFileName();
        try
        {
            using var net = new HashNet(Small);
            using FeatureCache cache = FeatureCache.Compute(net, Pictures(5), new TrainerOptions { Freeze = Freeze.Lower, Views = 2 });
            cache.Save(path);
            using FeatureCache read = FeatureCache.Load(path), part = read.Select([3, 1]);
            using TorchSharp.torch.Tensor expected = cache.Map(net, [3, 1], new Random(1)), actual = part.Map(net, [0, 1], new Random(1));
            Assert.That(actual.Equals(expected), Is.True);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>One of four labels each, whatever the picture shows: with several labels a picture, no code can be perfect.</summary>
    private static PictureSet Pictures(int count) => PictureSet.Load([.. ImageDatasets.ReadCsv(TestFiles.Sample("labels.csv")).Take(count).Select((image, i) => image with { Labels = [i % 4 < 3 ? Classes[i % 4] : LabelledImage.NoFinding] })], 64);
}
