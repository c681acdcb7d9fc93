using System.Security.Cryptography;
using System.Text;
using HashGrid.Model.Datasets;

namespace HashGrid.CommandLine.Training;

/// <summary>The two sides of a data set.</summary>
/// <param name="Train">What the network learns from, and the database of the evaluation.</param>
/// <param name="HeldOut">What it never sees; queries.</param>
internal sealed record TrainingData(IReadOnlyList<LabelledImage> Train, IReadOnlyList<LabelledImage> HeldOut)
{
    // Enough for a few batches.
    private const int SmokeTrain = 32, SmokeHeldOut = 16;

    /// <summary>Classes of the training pictures, in order; "No Finding" is none.</summary>
    public string[] Labels => [.. Train.SelectMany(image => image.Labels.Concat(image.Unknown)).Where(label => label != LabelledImage.NoFinding).Distinct().Order(StringComparer.Ordinal)];

    /// <param name="run">Where the data are, and how they are split.</param>
    /// <param name="say">Receives a line when listed pictures are not there.</param>
    /// <exception cref="DatasetException">A list or row is wrong.</exception>
    /// <exception cref="CommandException">The data set lies elsewhere, or one side is empty.</exception>
    public static TrainingData Load(RunFile run, Action<string> say)
    {
        TrainSettings settings = run.Settings;
        if (!Directory.Exists(run.Data))
            throw new CommandException($"the data folder {run.Data} does not exist");
        (IReadOnlyList<LabelledImage> train, IReadOnlyList<LabelledImage> heldOut) = settings.Split switch
        {
            SplitKind.Official => Official(run, say),
            SplitKind.Image => ByImage(All(run, say), settings),
            _ => PatientSplit.Split(All(run, say), settings.HeldOut, settings.SplitSeed),
        };
        if (run.Smoke)
            (train, heldOut) = (Some(train, SmokeTrain), Some(heldOut, SmokeHeldOut));
        if (train.Count == 0 || heldOut.Count == 0)
            throw new CommandException($"the split leaves {train.Count} pictures to train and {heldOut.Count} held out; both need some, change heldOut or split");
        return new TrainingData(train, heldOut);
    }

    /// <summary>Writes both sides as CSVs that `hashgrid evaluate` reads.</summary>
    public void Write(string folder)
    {
        foreach ((string name, IReadOnlyList<LabelledImage> images) in new[] { ("train.csv", Train), ("held-out.csv", HeldOut) })
            File.WriteAllLines(
                Path.Combine(folder, name),
                images.Select(image => $"{Quote(Path.GetFullPath(image.Path))},{Quote(string.Join('|', image.Labels))},{Quote(image.Patient)}").Prepend("file,labels,patient_id"));
    }

    /// <summary>SHA-256 over every row of both sides: a checkpoint belongs to one split of one set.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (IReadOnlyList<LabelledImage> side in new[] { Train, HeldOut })
        {
            foreach (LabelledImage image in side)
                hash.AppendData(Encoding.UTF8.GetBytes($"{image.Path}\n{image.Patient}\n{string.Join('|', image.Labels)}\n{string.Join('|', image.Unknown)}\n"));
            hash.AppendData("\n"u8);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IReadOnlyList<LabelledImage> All(RunFile run, Action<string> say) => run.Format switch
    {
        DataFormat.Nih => Nih(run, null, say),
        DataFormat.Chexpert => ImageDatasets.ReadCheXpert(Path.Combine(run.Data, "train.csv"), run.Settings.Uncertain, run.Settings.FrontalOnly),
        _ => ImageDatasets.ReadCsv(Path.Combine(run.Data, "labels.csv")),
    };

    private static (IReadOnlyList<LabelledImage> Train, IReadOnlyList<LabelledImage> HeldOut) Official(RunFile run, Action<string> say) => run.Format switch
    {
        DataFormat.Nih => (Nih(run, "train_val_list.txt", say), Nih(run, "test_list.txt", say)),
        DataFormat.Chexpert => (All(run, say), ImageDatasets.ReadCheXpert(Path.Combine(run.Data, "valid.csv"), run.Settings.Uncertain, run.Settings.FrontalOnly)),
        _ => throw new CommandException("a folder with labels.csv has no official split; set split to patient or image"),
    };

    private static IReadOnlyList<LabelledImage> Nih(RunFile run, string? list, Action<string> say) => ImageDatasets.ReadNih(run.Data, list, run.Settings.LenientLabels, say);

    private static (IReadOnlyList<LabelledImage> Train, IReadOnlyList<LabelledImage> HeldOut) ByImage(IReadOnlyList<LabelledImage> images, TrainSettings settings)
    {
        LabelledImage[] alone = [.. images.Select(image => image with { Patient = image.Path })];
        (IReadOnlyList<LabelledImage> train, _) = PatientSplit.Split(alone, settings.HeldOut, settings.SplitSeed);
        HashSet<string> paths = [.. train.Select(image => image.Path)];
        return ([.. images.Where(image => paths.Contains(image.Path))], [.. images.Where(image => !paths.Contains(image.Path))]);
    }

    // Spread over the list, which often goes by patient or finding.
    private static LabelledImage[] Some(IReadOnlyList<LabelledImage> images, int most) =>
        images.Count <= most ? [.. images] : [.. Enumerable.Range(0, most).Select(i => images[(int)((long)i * images.Count / most)])];

    private static string Quote(string field) => field.AsSpan().ContainsAny(",\"\n") ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
}
