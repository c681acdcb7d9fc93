using System.Globalization;
using HashGrid.Model;
using HashGrid.Model.Training;
using HashGrid.Model.Weights;

namespace HashGrid.CommandLine.Training;

/// <summary>Where a run stands: checkpoint.safetensors holds the trainer's tensors, and this in its metadata. Written whole or not at all.</summary>
/// <param name="TrainingEpoch">Epoch of the next step, from 1; one more than there are when the run is over.</param>
/// <param name="Step">The next step.</param>
/// <param name="Sums">Sums of the epoch's losses so far: total, contrastive, regulariser, classification.</param>
/// <param name="Seconds">Training time of the epoch so far.</param>
/// <param name="DataFingerprint">Of the pictures and their split.</param>
internal sealed record Checkpoint(int TrainingEpoch, int Step, double[] Sums, double Seconds, string DataFingerprint)
{
    private const string Format = "hashgrid-checkpoint-1";

    public static string PathIn(string folder) => Path.Combine(folder, "checkpoint.safetensors");

    public void Write(string folder, Trainer trainer) => SafetensorsFile.Write(PathIn(folder), trainer.SaveState(), new Dictionary<string, string>
    {
        ["format"] = Format,
        ["epoch"] = TrainingEpoch.ToString(CultureInfo.InvariantCulture),
        ["step"] = Step.ToString(CultureInfo.InvariantCulture),
        ["sums"] = string.Join(' ', Sums.Select(sum => sum.ToString("R", CultureInfo.InvariantCulture))),
        ["seconds"] = Seconds.ToString("R", CultureInfo.InvariantCulture),
        ["data"] = DataFingerprint,
    });

    /// <summary>Reads it and puts the trainer there; null if the run has none yet.</summary>
    /// <exception cref="CommandException">It belongs to other data.</exception>
    /// <exception cref="ModelFileException">It is damaged.</exception>
    public static Checkpoint? Restore(string folder, Trainer trainer, string dataFingerprint)
    {
        string path = PathIn(folder);
        if (!File.Exists(path))
            return null;
        (IReadOnlyDictionary<string, SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (metadata.GetValueOrDefault("format") != Format)
            throw new ModelFileException($"'{path}' has format '{metadata.GetValueOrDefault("format", "none")}', expected {Format}");
        if (metadata["data"] != dataFingerprint)
            throw new CommandException($"the pictures, their labels or their split have changed since {path} was written; put them back, or train anew in another folder");
        trainer.LoadState(tensors, path);
        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
        return new Checkpoint(
            (int)Number(metadata["epoch"]), (int)Number(metadata["step"]), [.. metadata["sums"].Split(' ').Select(Number)], Number(metadata["seconds"]), metadata["data"]);
    }
}
