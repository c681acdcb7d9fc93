using HashGrid.Model.Datasets;
using HashGrid.Model.Training;
using HashGrid.Model.Weights;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Training;

public sealed class FeatureCacheTests
{
    // ChestX-ray14.
    private const int Pictures = 112_120;

    private static readonly HashNetOptions Small = new() { TrunkWidth = 4, TrunkBlocks = [1, 1, 1, 1], InputSize = 64, RefinedWidth = 8, HiddenWidth = 16, Bits = 16, Labels = ["a"] };

    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("hashgrid-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Compute_InAFile_GivesTheMapsOfOneInMemory([Values] bool trunk)
    {
        using var net = new HashNet(Small);
        PictureSet pictures = Samples(5);
        TrainerOptions options = new() { Freeze = trunk ? Freeze.Trunk : Freeze.Lower, Views = 2 };
        using FeatureCache memory = FeatureCache.Compute(net, pictures, options), file = FeatureCache.Compute(net, pictures, options, path: Path.Combine(_folder, "a.rows"));
        using FeatureCache part = file.Select([3, 1]);
        using Tensor expected = memory.Map(net, [3, 1], new Random(1)), actual = part.Map(net, [0, 1], new Random(1));
        Assert.That(actual.Equals(expected), Is.True);
        using Tensor plain = memory.Map(net, [3], null), direct = net.Features(net.Prepare(pictures.Pixels([3])));
        Assert.That(plain.allclose(direct, rtol: 0.01, atol: 0.02), Is.True);
    }

    [Test]
    public void Compute_FileOfTheSame_ReadsIt_OfSomethingElse_MakesItAnew()
    {
        using var net = new HashNet(Small);
        string path = Path.Combine(_folder, "a.rows");
        string[] copies = [.. Samples(3).Images.Select((image, i) => Path.Combine(_folder, $"{i}.jpg"))];
        foreach ((string copy, LabelledImage image) in copies.Zip(Samples(3).Images))
            File.Copy(image.Path, copy);
        int Computed(HashNet by, int pictures)
        {
            int calls = 0;
            PictureSet set = PictureSet.Load([.. copies.Take(pictures).Select(copy => new LabelledImage(copy, "p", [], []))], 64);
            FeatureCache.Compute(by, set, new TrainerOptions { Freeze = Freeze.Trunk, Views = 1 }, progress: _ => calls++, path: path).Dispose();
            return calls;
        }
        Assert.That(Computed(net, 3), Is.EqualTo(1));
        Assert.That(Computed(net, 3), Is.Zero, "the same again");
        Assert.That(Computed(net, 2), Is.EqualTo(1), "a picture less");
        File.Copy(copies[2], copies[1], overwrite: true);
        Assert.That(Computed(net, 2), Is.EqualTo(1), "another picture under the same name");
        using var other = new HashNet(Small, seed: 9);
        Assert.That(Computed(other, 2), Is.EqualTo(1), "other weights");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);
        Assert.That(Computed(other, 2), Is.EqualTo(1), "a file that was cut off");
        Assert.That(Directory.GetFiles(_folder, "*.tmp"), Is.Empty);
    }

    [Test]
    public void Compute_Cancelled_LeavesNoFile()
    {
        using var net = new HashNet(Small);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => FeatureCache.Compute(net, Samples(20), new TrainerOptions { Freeze = Freeze.Trunk, Views = 1 }, source.Token, _ => source.Cancel(), Path.Combine(_folder, "a.rows")));
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public void Bytes_ChestXray14_IsCountedIn64Bits() =>
        Assert.That(FeatureCache.Bytes(MobileNetImport.Options(new HashNetOptions()), new TrainerOptions { Freeze = Freeze.Trunk, Views = 1 }, Pictures), Is.EqualTo(112_120L * 1280 * 7 * 7 * 2), "14.06 GB; an int ends at 17,120 pictures");

    private static PictureSet Samples(int count) => PictureSet.Load([.. ImageDatasets.ReadCsv(TestFiles.Sample("labels.csv")).Take(count)], 64);
}
