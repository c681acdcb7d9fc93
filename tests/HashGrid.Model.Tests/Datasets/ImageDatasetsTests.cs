using HashGrid.Model.Datasets;

namespace HashGrid.Model.Tests.Datasets;

public sealed class ImageDatasetsTests
{
    private const string CheXpertHeader = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,"
        + "Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices";

    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("hashgrid-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void ReadCsv_Samples_EveryFileExistsAndPatientsAreApart()
    {
        string csv = TestFiles.Sample("labels.csv");
        IReadOnlyList<LabelledImage> database = ImageDatasets.ReadCsv(csv, role: "database"), queries = ImageDatasets.ReadCsv(csv, role: "query");
        Assert.That(database.Concat(queries).All(image => File.Exists(image.Path)), Is.True);
        Assert.That(database.Select(image => image.Patient).Intersect(queries.Select(image => image.Patient)), Is.Empty);
        Assert.That(database, Has.Count.EqualTo(46));
        Assert.That(queries, Has.Count.EqualTo(14));
    }

    [Test]
    public void ReadCsv_MissingPatient_NamesFileAndLine()
    {
        string csv = Write("a.csv", "file,labels,patient_id", "a.png,Edema,1", "b.png,Edema|\"Mass\",");
        Assert.That(Assert.Throws<DatasetException>(() => ImageDatasets.ReadCsv(csv))!.Message, Does.Contain("a.csv").And.Contain("line 3").And.Contain("patient_id"));
    }

    [Test]
    public void ReadCsv_Source_KeepsItsRowsAndTheirLines()
    {
        string csv = Write("a.csv", "file,labels,patient_id,source", "a.png,Edema,1,here", "b.png,Mass,2,\"there, too\"");
        LabelledImage only = ImageDatasets.ReadCsv(csv, source: "there, too").Single();
        Assert.That(only.Path, Is.EqualTo(Path.Combine(_folder, "b.png")));
        Assert.That(only.Origin, Does.Contain("a.csv").And.Contain("line 3"));
        Assert.That(Assert.Throws<DatasetException>(() => ImageDatasets.ReadCsv(csv, source: "away"))!.Message, Does.Contain("'here', 'there, too'"));
        string plain = Write("b.csv", "file,labels,patient_id", "a.png,Edema,1");
        Assert.That(Assert.Throws<DatasetException>(() => ImageDatasets.ReadCsv(plain, source: "away"))!.Message, Does.Contain("no column 'source'"));
    }

    [Test]
    public void ReadCsv_NoLabel_IsAPictureWithoutLabels() =>
        Assert.That(ImageDatasets.ReadCsv(Write("a.csv", "file,labels,patient_id", "a.png,,1")).Single().Labels, Is.Empty);

    [Test]
    public void ReadCsv_MissingColumn_NamesIt() =>
        Assert.That(Assert.Throws<DatasetException>(() => ImageDatasets.ReadCsv(Write("a.csv", "file,labels")))!.Message, Does.Contain("patient_id"));

    [TestCase("")]
    [TestCase(",")]
    public void ReadNih_BothReleases_LabelsAndPatients(string lineEnd)
    {
        Write("Data_Entry_2017.csv",
            "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]" + lineEnd,
            "00000002_000.png,No Finding,0,2,80,M,PA,2500,2048,0.171,0.171" + lineEnd, "00000003_001.png,Hernia|Mass,0,3,74,F,PA,2500,2048,0.168,0.168" + lineEnd);
        Directory.CreateDirectory(Path.Combine(_folder, "images_001", "images"));
        File.WriteAllBytes(Path.Combine(_folder, "images_001", "images", "00000003_001.png"), [1]);
        LabelledImage only = ImageDatasets.ReadNih(_folder).Single();
        Assert.That(only.Patient, Is.EqualTo("3"));
        Assert.That(only.Labels, Is.EqualTo(["Hernia", "Mass"]));
        Write("test_list.txt", "00000002_000.png");
        Assert.Throws<DatasetException>(() => ImageDatasets.ReadNih(_folder, "test_list.txt"));
    }

    [Test]
    public void ReadNih_LabelThatTheReleaseLacks_NamesRowAndLabelUnlessLenient()
    {
        Write("Data_Entry_2017.csv", "Image Index,Finding Labels,Patient ID", "a.png,No Finding,1", "b.png,Hernia|Effusions,2");
        File.WriteAllBytes(Path.Combine(_folder, "b.png"), [1]);
        Assert.That(Assert.Throws<DatasetException>(() => ImageDatasets.ReadNih(_folder))!.Message, Does.Contain("Data_Entry_2017.csv' line 3").And.Contain("'Effusions'").And.Contain("lenientLabels"));
        Assert.That(ImageDatasets.ReadNih(_folder, lenient: true).Single().Labels, Is.EqualTo(["Hernia", "Effusions"]));
    }

    [Test]
    public void ReadNih_PicturesThatAreNotThere_AreCountedAndTheFirstIsNamed()
    {
        Write("Data_Entry_2017.csv", "Image Index,Finding Labels,Patient ID", "a.png,Mass,1", "b.png,Hernia,2", "c.png,Mass,3");
        Write("test_list.txt", "b.png", "c.png");
        File.WriteAllBytes(Path.Combine(_folder, "b.png"), [1]);
        var notes = new List<string>();
        ImageDatasets.ReadNih(_folder, note: notes.Add);
        ImageDatasets.ReadNih(_folder, "test_list.txt", note: notes.Add);
        Assert.That(notes[0], Does.StartWith("2 of 3 pictures").And.Contain("'a.png' in line 2"));
        Assert.That(notes[1], Does.StartWith("1 of 2 pictures").And.Contain("test_list.txt").And.Contain("'c.png' in line 4"));
        File.WriteAllBytes(Path.Combine(_folder, "c.png"), [1]);
        ImageDatasets.ReadNih(_folder, "test_list.txt", note: notes.Add);
        Assert.That(notes, Has.Count.EqualTo(2), "nothing is missing");
    }

    [TestCase(UncertainPolicy.Ignore, "Edema", "Pneumonia")]
    [TestCase(UncertainPolicy.Ones, "Edema|Pneumonia", "")]
    [TestCase(UncertainPolicy.Zeros, "Edema", "")]
    public void ReadCheXpert_Uncertain_FollowsThePolicy(UncertainPolicy policy, string labels, string unknown)
    {
        string csv = Write("train.csv", CheXpertHeader, "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,51,Frontal,AP,,0.0,,,,1.0,0.0,-1.0,,,,,,",
            "CheXpert-v1.0-small/train/patient00001/study1/view2_lateral.jpg,Female,51,Lateral,,,,,,,,,,,,,,,");
        LabelledImage image = ImageDatasets.ReadCheXpert(csv, policy).Single();
        Assert.That(string.Join('|', image.Labels), Is.EqualTo(labels));
        Assert.That(string.Join('|', image.Unknown), Is.EqualTo(unknown));
        Assert.That(image.Patient, Is.EqualTo("patient00001"));
        Assert.That(ImageDatasets.ReadCheXpert(csv, policy, frontalOnly: false), Has.Count.EqualTo(2));
    }

    [Test]
    public void ReadCheXpert_OtherValue_NamesLineAndLabel()
    {
        string csv = Write("train.csv", CheXpertHeader, "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,51,Frontal,AP,,0.0,,,,maybe,0.0,,,,,,,");
        Assert.That(Assert.Throws<DatasetException>(() => ImageDatasets.ReadCheXpert(csv))!.Message, Does.Contain("line 2").And.Contain("Edema").And.Contain("maybe"));
    }

    [Test]
    public void Split_AnySeed_NoPatientOnBothSidesAndOrderDoesNotMatter([Range(1, 5)] int seed)
    {
        LabelledImage[] images = [.. Enumerable.Range(0, 100).Select(i => new LabelledImage($"{i}", $"p{i / 3}", ["a"], []))];
        (IReadOnlyList<LabelledImage> train, IReadOnlyList<LabelledImage> held) = PatientSplit.Split(images, 0.3, seed);
        Assert.That(train.Select(image => image.Patient).Intersect(held.Select(image => image.Patient)), Is.Empty);
        Assert.That(train.Count + held.Count, Is.EqualTo(100));
        Assert.That(PatientSplit.Split([.. images.Reverse()], 0.3, seed).HeldOut.Select(image => image.Path).Order(), Is.EqualTo(held.Select(image => image.Path).Order()));
    }

    private string Write(string name, params string[] lines)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllLines(path, lines);
        return path;
    }
}
