using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Rivals;
using HashGrid.Model.Training;
using NetVips;

namespace HashGrid.Model.Tests.Rivals;

/// <summary>
/// Made pictures whose right order of methods is known: each class is a direction of faint stripes, under a brightness that varies ten times as much and means nothing. Whoever learns from labels and pixels finds the stripes;
/// who has no labels codes the brightness.
/// </summary>
public sealed class MethodOrderTests
{
    private const int Side = 64, Trained = 120, Asked = 45, Bits = 16;
    private static readonly string[] Classes = ["a", "b", "c"];
    private static readonly HashNetOptions Network = new() { TrunkWidth = 8, TrunkBlocks = [1, 1, 1, 1], InputSize = Side, RefinedWidth = 16, HiddenWidth = 32, Bits = Bits, Labels = Classes };

    private string _folder = "";
    private PictureSet _database = null!, _queries = null!;

    [OneTimeSetUp]
    public void Draw()
    {
        _folder = Directory.CreateTempSubdirectory("hashgrid-test-").FullName;
        var random = new Random(20264);
        LabelledImage[] images = [.. Enumerable.Range(0, Trained + Asked).Select(i => Picture(random, i))];
        PictureSet all = PictureSet.Load(images, Side);
        (_database, _queries) = (all.Select(Enumerable.Range(0, Trained)), all.Select(Enumerable.Range(Trained, Asked)));
    }

    [OneTimeTearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestCase(RivalMethod.Itq)]
    [TestCase(RivalMethod.Dh)]
    public void Run_WithoutLabels_IsNearRandomOrder(RivalMethod method) => Assert.That(Rival(method, 1), Is.InRange(0.3, 0.5), "random order is 1/3");

    [TestCase(RivalMethod.Dsh, 15)]
    [TestCase(RivalMethod.Ath, 15)]
    public void Run_FromPixelsAndLabels_FindsTheClasses(RivalMethod method, int epochs) => Assert.That(Rival(method, epochs), Is.GreaterThan(0.6));

    [Test]
    public void RunEpoch_ThePapersNetwork_FindsTheClasses()
    {
        using var net = new HashNet(Network, seed: 3);
        using (var trainer = new Trainer(net, _database, new TrainerOptions { Epochs = 15, BatchSize = 24, Optimizer = OptimizerKind.AdamW, Rate = 0.002, DropAfter = 0, CentreBits = true, Threads = 1 }))
        {
            for (int epoch = 1; epoch <= 15; epoch++)
                trainer.RunEpoch(epoch);
            trainer.CentreBits();
        }
        double map = Score(Evaluator.Codes(net, _queries), Evaluator.Codes(net, _database));
        TestContext.Out.WriteLine($"network {map:F3}");
        Assert.That(map, Is.GreaterThan(0.6));
    }

    private double Rival(RivalMethod method, int epochs)
    {
        using RivalNet net = RivalNet.Create(RivalOptions.For(method, Bits, Network, Classes) with { InputSize = Side }, seed: 3);
        TrainerOptions recipe = RivalRecipes.For(method, Trained, epochs) with { Threads = 1 };
        new RivalTrainer(net, _database, recipe, Classes).Run();
        double map = Score(RivalTrainer.Codes(net, _queries), RivalTrainer.Codes(net, _database));
        TestContext.Out.WriteLine($"{method} {map:F3}");
        return map;
    }

    private double Score(float[] asked, float[] stored) => Evaluator.Score(_queries.Images, asked, _database.Images, stored, Bits).Map;

    private LabelledImage Picture(Random random, int index)
    {
        int kind = index % Classes.Length;
        double level = 0.2 + (0.6 * random.NextDouble()), phase = random.NextDouble() * Math.PI * 2;
        byte[] grey = new byte[Side * Side];
        for (int i = 0; i < grey.Length; i++)
        {
            int x = i % Side, y = i / Side, along = kind switch { 0 => x, 1 => y, _ => x + y };
            double value = level + (0.1 * Math.Sin((along * Math.PI / 4) + phase)) + (0.03 * (random.NextDouble() - 0.5));
            grey[i] = (byte)Math.Clamp(value * 255, 0, 255);
        }
        string path = Path.Combine(_folder, $"{index}.png");
        using NetVips.Image image = NetVips.Image.NewFromMemoryCopy(grey, Side, Side, 1, Enums.BandFormat.Uchar);
        image.Pngsave(path);
        return new LabelledImage(path, $"p{index}", [Classes[kind]], []);
    }
}
