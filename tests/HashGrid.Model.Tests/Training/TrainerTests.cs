using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Losses;
using HashGrid.Model.Training;
using HashGrid.Model.Weights;
using TorchSharp;

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

    private static readonly TrainerOptions Linear = new() { BatchSize = 8, Threads = 1, Freeze = Freeze.Trunk, Views = 1, LinearStart = true };

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

    [TestCase(OptimizerKind.Sgd, Freeze.Nothing, 0)]
    [TestCase(OptimizerKind.AdamW, Freeze.Lower, 2)]
    [TestCase(OptimizerKind.AdamW, Freeze.Trunk, 0)]
    [TestCase(OptimizerKind.AdamW, Freeze.Trunk, 1, true)]
    public void LoadState_InTheMiddleOfAnEpoch_GoesOnAsIfNeverStopped(OptimizerKind optimizer, Freeze freeze, int views, bool linear = false)
    {
        TrainerOptions options = new() { BatchSize = 4, Epochs = 3, Threads = 1, Optimizer = optimizer, Freeze = freeze, Views = views, Average = 0.8, CentreBits = !linear, LinearStart = linear };
        PictureSet pictures = Pictures(13);
        (int Epoch, int Step)[] steps = [.. Enumerable.Range(1, options.Epochs).SelectMany(epoch => Enumerable.Range(0, 3).Select(step => (epoch, step)))];
        Dictionary<string, float[]> Values(Trainer trainer) => trainer.SaveState().Where(entry => entry.Value.Type == "F32").ToDictionary(entry => entry.Key, entry => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(entry.Value.Data.Span).ToArray());

        using var whole = new HashNet(Small, seed: 3);
        using var trainer = new Trainer(whole, pictures, options);
        foreach ((int epoch, int step) in steps)
            trainer.RunStep(epoch, step);

        using var first = new HashNet(Small, seed: 3);
        using var before = new Trainer(first, pictures, options);
        foreach ((int epoch, int step) in steps[..4])
            before.RunStep(epoch, step);
        IReadOnlyDictionary<string, SafetensorsEntry> state = before.SaveState();
        using var second = new HashNet(Small, seed: 99);
        // The frozen part is computed before the state is read: it must be the same from the start.
        ModelFile.Fill(second.Table, first.Table.Names.ToDictionary(name => name, name => ModelFile.ToEntry(first.Table[name], half: false)), "first");
        using var after = new Trainer(second, pictures, options);
        after.LoadState(state, "state");
        foreach ((int epoch, int step) in steps[4..])
            after.RunStep(epoch, step);

        Dictionary<string, float[]> expected = Values(trainer), actual = Values(after);
        Assert.That(actual.Keys, Is.EquivalentTo(expected.Keys));
        Assert.That(expected.Keys.Where(name => name.StartsWith("average/", StringComparison.Ordinal)), Is.Not.Empty);
        foreach ((string name, float[] values) in expected)
            Assert.That(actual[name], Is.EqualTo(values), name);
    }

    [Test]
    public void WithResult_AveragedAndCentred_PutsTheNetworkBack()
    {
        using var net = new HashNet(Small);
        PictureSet pictures = Pictures(16);
        using var trainer = new Trainer(net, pictures, new TrainerOptions { BatchSize = 8, Threads = 1, Average = 0.9, CentreBits = true, Rate = 0.05 });
        trainer.RunEpoch(1);
        float[] Bias() => net.Table["hash.bias"].data<float>().ToArray();
        float[] before = Bias(), shown = [];
        trainer.WithResult(_ => shown = Bias());
        Assert.That(shown, Is.Not.EqualTo(before));
        Assert.That(Bias(), Is.EqualTo(before));
    }

    [TestCase(false, 0, TestName = "RunStep_NoFindingInCommon_IsSimilar")]
    [TestCase(true, 16, TestName = "RunStep_NoFindingInCommonFindingsOnly_IsNot")]
    public void RunStep_NoFindingInCommon(bool findingsOnly, double expected)
    {
        // Every u is 0: a similar pair costs nothing, another ½ m² = ½ · 2k = 16. "Effusion" stands for CheXpert's Support Devices, which goes along with "No Finding".
        LabelledImage[] images = [.. Pictures(2).Images.Select((image, i) => image with { Labels = i == 0 ? [LabelledImage.NoFinding, "Effusion"] : [LabelledImage.NoFinding] })];
        using var net = new HashNet(Small);
        using (TorchSharp.torch.no_grad())
            net.Table["hash.weight"].zero_();
        using var trainer = new Trainer(net, PictureSet.Load(images, 64), new TrainerOptions { BatchSize = 2, Threads = 1, FindingsOnly = findingsOnly });
        Assert.That(trainer.RunStep(1, 0).Contrastive, Is.EqualTo(expected).Within(1e-4));
    }

    [Test]
    public void RunEpoch_AugmentationSeed_ChangesViewsButNotTheOrder()
    {
        float[] Weights(int seed, int? augmentation, double rotation)
        {
            using var net = new HashNet(Small, seed: 3);
            using var trainer = new Trainer(net, Pictures(16), new TrainerOptions { BatchSize = 4, Threads = 1, Seed = seed, AugmentationSeed = augmentation, Rotation = rotation, Zoom = 0 });
            trainer.RunEpoch(1);
            return net.Table["hash.weight"].data<float>().ToArray();
        }
        float[] still = Weights(1, null, 0), turned = Weights(1, null, 10);
        Assert.Multiple(() =>
        {
            Assert.That(Weights(1, 7, 0), Is.EqualTo(still), "without views of its own only the order counts");
            Assert.That(Weights(2, null, 0), Is.Not.EqualTo(still), "another order");
            Assert.That(Weights(1, 1, 10), Is.EqualTo(turned), "unless it is given, augmentation has the seed of the order");
            Assert.That(Weights(1, 7, 10), Is.Not.EqualTo(turned));
        });
    }

    [Test]
    public void RunEpoch_CropFrom_LearnsFromLargerPicturesAndAsksForThem()
    {
        using var net = new HashNet(Small);
        PictureSet pictures = Pictures(8), larger = PictureSet.Load(pictures.Images, 80);
        var options = new TrainerOptions { BatchSize = 4, Threads = 1, CropFrom = 80 };
        Assert.That(Assert.Throws<ArgumentException>(() => _ = new Trainer(net, pictures, options))!.Message, Does.Contain("80 pixels"));
        Assert.That(options.Validate(Small with { InputSize = 96 }, 8), Has.One.Contains("crop from is 80"));
        using var trainer = new Trainer(net, pictures, options, larger: larger);
        Assert.That(trainer.RunEpoch(1).Loss, Is.GreaterThan(0));
        using FeatureCache cache = FeatureCache.Compute(net, pictures, options with { Freeze = Freeze.Trunk, Views = 2 }, larger: larger);
        using TorchSharp.torch.Tensor itself = cache.Map(net, [0], null);
        Assert.That(itself.shape[2], Is.EqualTo(2));
    }

    [Test]
    public void RunStep_ManyBatches_LiveTensorsStayTheSame()
    {
        using var net = new HashNet(Small);
        using var trainer = new Trainer(net, Pictures(8), new TrainerOptions { BatchSize = 4, Threads = 1, Average = 0.9, Epochs = 1000, Freeze = Freeze.Lower, Views = 2 });
        long after = 0;
        for (int epoch = 1; epoch <= 500; epoch++)
        {
            trainer.RunEpoch(epoch);
            if (epoch == 1)
                after = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        }
        Assert.That(DisposeScopeManager.Statistics.ThreadTotalLiveCount, Is.EqualTo(after));
    }

    [Test]
    public void Load_CacheFile_GivesTheSamePixelsAndNoticesAChange()
    {
        string folder = Directory.CreateTempSubdirectory("hashgrid-test-").FullName;
        try
        {
            string[] files = [.. Pictures(3).Images.Select((image, i) => Path.Combine(folder, $"{i}{Path.GetExtension(image.Path)}"))];
            foreach ((int i, LabelledImage image) in Pictures(3).Images.Index())
                File.Copy(image.Path, files[i]);
            LabelledImage[] images = [.. files.Select(file => new LabelledImage(file, "p", ["a"], []))];
            string cache = Path.Combine(folder, "pixels");
            int decoded = 0;
            PictureSet Cached() => PictureSet.Load(images, 64, 1, cachePath: cache, decoded: () => decoded++);
            Cached();
            using TorchSharp.torch.Tensor expected = PictureSet.Load(images, 64).Pixels([2, 0]), actual = Cached().Select([2, 1, 0]).Pixels([0, 2]);
            Assert.That(actual.Equals(expected), Is.True);
            Assert.That(decoded, Is.EqualTo(3));
            File.SetLastWriteTimeUtc(files[1], new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            Cached();
            Assert.That(decoded, Is.EqualTo(6));
            Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(4), "no partial file stays");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
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
    public void Constructor_LinearStart_IsFiniteAndTheSameEachTime()
    {
        // Few pictures, all trained on: codes must at least tell them apart better than chance does.
        PictureSet pictures = Pictures(24);
        float[] Codes()
        {
            using var net = new HashNet(Small, seed: 3);
            using var trainer = new Trainer(net, pictures, Linear);
            return Evaluator.Codes(net, pictures);
        }
        float[] codes = Codes();
        Assert.That(codes, Is.All.Matches<float>(float.IsFinite));
        Assert.That(Codes(), Is.EqualTo(codes));
        RetrievalScores scores = Evaluator.Score(pictures.Images, codes, pictures.Images, codes, 16);
        Assert.That(scores.Map, Is.GreaterThan(scores.MapRandom + 0.1));
    }

    [Test]
    public void Constructor_LinearStartInTooNarrowANetwork_SaysWhatIsMissing()
    {
        using var net = new HashNet(Small with { RefinedWidth = 3 });
        Assert.That(Assert.Throws<ArgumentException>(() => _ = new Trainer(net, Pictures(8), Linear))!.Message, Does.Contain("4 in all").And.Contain("3 refined channels").And.Contain("linearStart"));
    }

    [Test]
    public void Validate_LinearStart_NeedsAFrozenTrunkAndPlacesItsBitsItself() =>
        Assert.That((Linear with { Freeze = Freeze.Nothing, CentreBits = true, LinearTemperature = 0 }).Validate(), Has.Count.EqualTo(3));

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

    [Test]
    public void Compute_InAFile_SameMapsAndMadeAnewWhenSomethingChanges()
    {
        string folder = Directory.CreateTempSubdirectory("hashgrid-test-").FullName;
        try
        {
            using var net = new HashNet(Small);
            var options = new TrainerOptions { Freeze = Freeze.Trunk, Views = 2 };
            PictureSet pictures = Pictures(5);
            string path = Path.Combine(folder, "features");
            int made = 0;
            FeatureCache Kept(TrainerOptions recipe) => FeatureCache.Compute(net, pictures, recipe, progress: _ => made++, path: path);
            using (FeatureCache memory = FeatureCache.Compute(net, pictures, options), file = Kept(options))
            using (FeatureCache part = file.Select([4, 3, 1]))
            using (TorchSharp.torch.Tensor expected = memory.Map(net, [3, 1], new Random(1)), actual = part.Map(net, [1, 2], new Random(1)))
                Assert.That(actual.Equals(expected), Is.True);
            Assert.That(new FileInfo(path).Length, Is.EqualTo(64 + FeatureCache.Bytes(Small, options, 5)));
            Assert.That(made, Is.EqualTo(2), "one block a view");
            Kept(options).Dispose();
            Assert.That(made, Is.EqualTo(2), "the file serves again");
            Kept(options with { Rotation = 5 }).Dispose();
            Assert.That(made, Is.EqualTo(4), "other views");
            using (TorchSharp.torch.no_grad())
                net.Table["trunk.conv1.weight"].mul_(2);
            Kept(options with { Rotation = 5 }).Dispose();
            Assert.That(made, Is.EqualTo(6), "another trunk");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>One of four labels each, whatever the picture shows: with several labels a picture, no code can be perfect.</summary>
    private static PictureSet Pictures(int count) => PictureSet.Load([.. ImageDatasets.ReadCsv(TestFiles.Sample("labels.csv")).Take(count).Select((image, i) => image with { Labels = [i % 4 < 3 ? Classes[i % 4] : LabelledImage.NoFinding] })], 64);
}
