using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Rivals;
using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Rivals;

public sealed class RivalTrainerTests
{
    private static readonly string[] Classes = ["a", "b", "c"];

    /// <summary>
    /// Features whose classes lie in three narrow directions, among ten wide ones that mean nothing: what is loudest (ITQ, DH) tells little, labels (SSH) tell more, and learning
    /// from labels (DRH) tells most.
    /// </summary>
    [Test]
    public void Run_ClassesInNarrowDirections_LabelsDecideTheOrder()
    {
        using DisposeScope scope = NewDisposeScope();
        PictureSet all = Pictures(300, 32);
        int width;
        using (var net = (PooledNet)RivalNet.Create(RivalNetTests.Options(RivalMethod.Itq, 8)))
            width = net.Channels;
        using var generator = new Generator(23);
        Tensor x = randn([300, width], generator: generator) * 0.2;
        x.narrow(1, 3, 10).mul_(4f);
        for (int i = 0; i < 300; i++)
            x[i, i % 3] += 1;
        int[] train = [.. Enumerable.Range(0, 200)], held = [.. Enumerable.Range(200, 100)];
        double Map(RivalMethod method)
        {
            using RivalNet net = RivalNet.Create(RivalNetTests.Options(method, 8), seed: 2);
            PictureSet database = all.Select(train), queries = all.Select(held);
            Tensor features = x.narrow(0, 0, 200), asked = x.narrow(0, 200, 100);
            new RivalTrainer(net, database, RivalRecipes.For(method, 200, epochs: 150), Classes, features).Run();
            return Evaluator.Score(queries.Images, RivalTrainer.Codes(net, queries, asked), database.Images, RivalTrainer.Codes(net, database, features), 8).Map;
        }
        (double itq, double dh, double ssh, double drh) = (Map(RivalMethod.Itq), Map(RivalMethod.Dh), Map(RivalMethod.Ssh), Map(RivalMethod.Drh));
        TestContext.Out.WriteLine($"ITQ {itq:F3}, DH {dh:F3}, SSH {ssh:F3}, DRH {drh:F3}");
        Assert.That((double[])[itq, dh], Has.All.InRange(0.3, 0.5), "random order is 0.33");
        Assert.That(ssh, Is.GreaterThan(Math.Max(itq, dh) + 0.05));
        Assert.That(drh, Is.GreaterThan(ssh + 0.05).And.GreaterThan(0.8));
    }

    [Test]
    public void Run_OwnNetworks_TheLossFalls([Values(RivalMethod.Dsh, RivalMethod.Ath)] RivalMethod method)
    {
        PictureSet pictures = Pictures(30, 64);
        using RivalNet net = RivalNet.Create(RivalNetTests.Options(method, 16) with { Labels = method == RivalMethod.Ath ? Classes : [] });
        TrainerOptions recipe = RivalRecipes.For(method, 30, epochs: 8) with { Threads = 1 };
        IReadOnlyList<double> losses = new RivalTrainer(net, pictures, recipe, Classes).Run();
        Assert.That(losses, Has.Count.EqualTo(8));
        Assert.That(losses[^1], Is.LessThan(losses[0]));
        float[] codes = RivalTrainer.Codes(net, pictures);
        Assert.That(codes, Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void Run_SameSeed_SameWeights([Values] RivalMethod method)
    {
        float[] Weights()
        {
            PictureSet pictures = Pictures(40, 64);
            using RivalNet net = RivalNet.Create(RivalNetTests.Options(method, 8) with { Labels = method == RivalMethod.Ath ? Classes : [], Layers = method == RivalMethod.Dh ? [16] : [] });
            new RivalTrainer(net, pictures, RivalRecipes.For(method, 40, epochs: 1) with { Threads = 1 }, Classes).Run();
            return net.Table["hash.weight"].data<float>().ToArray();
        }
        Assert.That(Weights(), Is.EqualTo(Weights()));
    }

    [Test]
    public void Run_Interrupted_Stops()
    {
        using RivalNet net = RivalNet.Create(RivalNetTests.Options(RivalMethod.Dsh, 16));
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => new RivalTrainer(net, Pictures(20, 64), RivalRecipes.For(RivalMethod.Dsh, 20), Classes).Run(cancellation: source.Token));
    }

    [Test]
    public void Constructor_FewerPicturesThanABatch_SaysSo()
    {
        using RivalNet net = RivalNet.Create(RivalNetTests.Options(RivalMethod.Dsh, 16));
        Assert.That(Assert.Throws<ArgumentException>(() => _ = new RivalTrainer(net, Pictures(4, 64), RivalRecipes.For(RivalMethod.Dsh, 4), Classes))!.Message, Does.Contain("4 pictures").And.Contain("10"));
    }

    /// <summary>The samples over and over, one of three labels each.</summary>
    private static PictureSet Pictures(int count, int side)
    {
        IReadOnlyList<LabelledImage> samples = ImageDatasets.ReadCsv(TestFiles.Sample("labels.csv"));
        return PictureSet.Load([.. Enumerable.Range(0, count).Select(i => samples[i % samples.Count] with { Labels = [Classes[i % 3]], Patient = $"p{i}" })], side);
    }
}
