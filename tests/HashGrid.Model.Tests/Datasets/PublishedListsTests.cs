using HashGrid.Model.Datasets;
using HashGrid.Model.Training;

namespace HashGrid.Model.Tests.Datasets;

/// <summary>The loaders on lists as they are published.</summary>
public sealed class PublishedListsTests
{
    private const string Rgba = "00000773_001.png", Grey = "00002429_000.png";
    private string _folder = "";

    [SetUp]
    public void CreateRelease()
    {
        _folder = Directory.CreateTempSubdirectory("hashgrid-test-").FullName;
        Directory.CreateDirectory(Path.Combine(_folder, "images_001", "images"));
        File.Copy(TestFiles.Path("nih", Grey), Path.Combine(_folder, "images_001", "images", Grey));
        File.Copy(TestFiles.Path("images", "rgba.png"), Path.Combine(_folder, "images_001", "images", Rgba));
        File.Copy(TestFiles.Path("nih", "Data_Entry_2017_v2020.csv"), Path.Combine(_folder, "Data_Entry_2017_v2020.csv"));
    }

    [TearDown]
    public void DeleteRelease() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void ReadNih_RealRowsAndPictures_KeepsThoseThatAreThere([Values] bool older)
    {
        if (older) // the first release: another name, and a comma at the end of every line
        {
            string path = Path.Combine(_folder, "Data_Entry_2017_v2020.csv");
            File.WriteAllLines(Path.Combine(_folder, "Data_Entry_2017.csv"), File.ReadLines(path).Select(line => line + ","));
            File.Delete(path);
        }
        LabelledImage[] images = [.. ImageDatasets.ReadNih(_folder).OrderBy(image => image.Path, StringComparer.Ordinal)];
        Assert.That(images.Select(image => Path.GetFileName(image.Path)), Is.EqualTo([Rgba, Grey]));
        Assert.That(images[0].Labels, Is.EqualTo(["Atelectasis", "Pneumonia"]));
        Assert.That(images[1], Has.Property("Patient").EqualTo("2429"));
        Assert.That(images[1].Labels, Is.EqualTo([LabelledImage.NoFinding]));
        Assert.That(images[1].Origin, Does.Contain("Data_Entry_2017").And.Contain("line"));
        using TorchSharp.torch.Tensor pixels = PictureSet.Load(images, 64).Pixels([0, 1]);
        Assert.That(pixels.mean().item<float>(), Is.InRange(0.2, 0.8));
        Assert.That((pixels.amax([1, 2], false) - pixels.amin([1, 2], false)).min().item<float>(), Is.GreaterThan(0.5), "both pictures show something");
    }

    [Test]
    public void ReadNih_OfficialLists_SplitByPatient()
    {
        File.WriteAllLines(Path.Combine(_folder, "train_val_list.txt"), [Grey, "00000002_000.png"]);
        File.WriteAllLines(Path.Combine(_folder, "test_list.txt"), [Rgba, ""]);
        Assert.That(Path.GetFileName(ImageDatasets.ReadNih(_folder, "train_val_list.txt").Single().Path), Is.EqualTo(Grey));
        Assert.That(Path.GetFileName(ImageDatasets.ReadNih(_folder, "test_list.txt").Single().Path), Is.EqualTo(Rgba));
    }

    [Test]
    public void ReadNih_ListThatIsNotThere_NamesIt() =>
        Assert.That(Assert.Throws<DatasetException>(() => ImageDatasets.ReadNih(_folder, "test_list.txt"))!.Message, Does.Contain("test_list.txt"));

    [TestCase("train.csv", 51, 121, 30, 38)]
    [TestCase("valid.csv", 53, 109, 0, 39)]
    public void ReadCheXpert_PublishedFormat_CountsAgree(string file, int frontal, int positive, int uncertain, int patients)
    {
        string csv = TestFiles.Path("chexpert", file);
        IReadOnlyList<LabelledImage> images = ImageDatasets.ReadCheXpert(csv);
        Assert.Multiple(() =>
        {
            Assert.That(images, Has.Count.EqualTo(frontal));
            Assert.That(images.Sum(image => image.Labels.Count), Is.EqualTo(positive));
            Assert.That(images.Sum(image => image.Unknown.Count), Is.EqualTo(uncertain));
            Assert.That(images.Select(image => image.Patient).Distinct().Count(), Is.EqualTo(patients));
            Assert.That(ImageDatasets.ReadCheXpert(csv, frontalOnly: false), Has.Count.EqualTo(60));
            Assert.That(ImageDatasets.ReadCheXpert(csv, UncertainPolicy.Ones).Sum(image => image.Labels.Count), Is.EqualTo(positive + uncertain));
        });
    }
}
