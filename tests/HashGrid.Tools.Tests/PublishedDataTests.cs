using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Weights;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

/// <summary>A training run from beginning to end on each data set as it is published, with the sample pictures in its folders.</summary>
public class PublishedDataTests
{
    private const string NihHeader = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]";
    private static readonly string[] CheXpertLabels =
    [
        "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax",
        "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
    ];

    private static IReadOnlyList<LabelledImage> Samples => ImageDatasets.ReadCsv(Path.Combine(Repository.Root, "samples", "labels.csv"));

    [Test]
    public async Task Train_ChestXray14_EndsWithWeightsAndCountsWhatIsMissing([Values("patient", "official")] string split)
    {
        using var folder = new TempFolder();
        string pictures = Directory.CreateDirectory(folder.File(Path.Combine("data", "images_001", "images"))).FullName;
        var rows = new List<string> { NihHeader, "00000001_000.png,Cardiomegaly|Emphysema,0,1,57,M,PA,2682,2749,0.143,0.143" };
        List<string> trained = [], tested = ["00000001_000.png"];
        foreach (LabelledImage image in Samples)
        {
            string name = Path.ChangeExtension(Path.GetFileName(image.Path), ".png");
            using (NetVips.Image picture = NetVips.Image.NewFromFile(image.Path))
                picture.WriteToFile(Path.Combine(pictures, name));
            string patient = image.Patient.Split('-')[^1];
            rows.Add($"{name},{string.Join('|', image.Labels)},0,{int.Parse(patient)},70,F,PA,2500,2048,0.168,0.168");
            (int.Parse(patient) % 4 == 0 ? tested : trained).Add(name);
        }
        File.WriteAllLines(folder.File("data/Data_Entry_2017_v2020.csv"), rows);
        File.WriteAllLines(folder.File("data/train_val_list.txt"), trained);
        File.WriteAllLines(folder.File("data/test_list.txt"), tested);

        ToolRun run = await TrainAsync(folder, "nih", $$"""{"split": "{{split}}",""");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("1 of ").And.Contain("the first is '00000001_000.png' in line 2"));
        Assert.That(Classes(folder), Is.SubsetOf(Samples.SelectMany(image => image.Labels)).And.Contain("Pneumonia").And.Not.Contain(LabelledImage.NoFinding));
        Assert.That(Rows(folder, "train.csv") + Rows(folder, "held-out.csv"), Is.EqualTo(Samples.Count));
        if (split == "official")
            Assert.That(Rows(folder, "held-out.csv"), Is.EqualTo(tested.Count - 1));
    }

    [Test]
    public async Task Train_CheXpert_EndsWithWeightsOfItsFindings([Values("patient", "official")] string split)
    {
        using var folder = new TempFolder();
        List<string> train = ["Path,Sex,Age,Frontal/Lateral,AP/PA," + string.Join(',', CheXpertLabels)], valid = [.. train];
        foreach ((int i, LabelledImage image) in Samples.Index())
        {
            string side = i % 4 == 0 ? "valid" : "train", study = $"CheXpert-v1.0-small/{side}/patient{i + 1:D5}/study1";
            Directory.CreateDirectory(folder.File(Path.Combine("data", study)));
            File.Copy(image.Path, folder.File($"data/{study}/view1_frontal.jpg"));
            string[] values = Array.ConvertAll(CheXpertLabels, label => image.Labels.Contains(label) || (label == "Pleural Effusion" && image.Labels.Contains("Effusion")) ? "1.0" : label == "Edema" && i % 3 == 0 ? "-1.0" : "");
            if (i is >= 1 and <= 7) // nothing is said of these
                Array.Fill(values, "");
            List<string> list = side == "valid" ? valid : train;
            list.Add($"{study}/view1_frontal.jpg,Female,68,Frontal,AP,{string.Join(',', values)}");
            list.Add($"{study}/view2_lateral.jpg,Female,68,Lateral,,{string.Join(',', values)}"); // no such picture: lateral views are left out
        }
        File.WriteAllLines(folder.File("data/train.csv"), train);
        File.WriteAllLines(folder.File("data/valid.csv"), valid);

        ToolRun run = await TrainAsync(folder, "chexpert", $$"""{"split": "{{split}}",""");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("have no label and are similar to none"));
        Assert.That(Classes(folder), Does.Contain("Pleural Effusion").And.Contain("Edema").And.Not.Contain(LabelledImage.NoFinding));
        Assert.That(Rows(folder, "train.csv") + Rows(folder, "held-out.csv"), Is.EqualTo(split == "official" ? Samples.Count : train.Count / 2), "the lateral views are left out");
    }

    private static Task<ToolRun> TrainAsync(TempFolder folder, string format, string settings)
    {
        File.WriteAllText(folder.File("options.json"), settings + """
            "network": { "trunkWidth": 4, "trunkBlocks": [1, 1, 1, 1], "inputSize": 64, "refinedWidth": 16, "hiddenWidth": 32, "bits": 16 }, "training": { "threads": 1, "batchSize": 8, "epochs": 1 } }
            """);
        return Tool.HashGridAsync("train", "--data", folder.File("data"), "--format", format, "--options", folder.File("options.json"), "--out", folder.File("run"));
    }

    private static int Rows(TempFolder folder, string list) => File.ReadLines(folder.File(Path.Combine("run", list))).Count() - 1;

    private static string[] Classes(TempFolder folder)
    {
        (HashNet net, _) = ModelFile.Load(folder.File(Path.Combine("run", "best.safetensors")));
        using (net)
            return net.Options.Labels;
    }
}
