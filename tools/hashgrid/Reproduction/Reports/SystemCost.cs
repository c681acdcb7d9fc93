using System.Globalization;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>A row of Table 2; the verdicts read the same figures, in the same words.</summary>
/// <param name="Feature">Milliseconds from pixels to a code.</param>
/// <param name="Retrieval">Milliseconds of a search.</param>
/// <param name="Training">Seconds, mean of the splits.</param>
/// <param name="Memory">Megabytes that training took, largest of the splits.</param>
internal sealed record SystemCost(double Feature, double Retrieval, double Training, double Memory)
{
    public string FeatureText => Text(Feature, "F1");

    public string RetrievalText => Text(Retrieval, "F4");

    public string TrainingText => Text(Training, "F1");

    public string MemoryText => Text(Memory, "F0");

    /// <summary>Of every system in the tables.</summary>
    public static IReadOnlyDictionary<string, SystemCost> All(ReportData data, IReadOnlyDictionary<string, double> features, IReadOnlyDictionary<string, double> searches) =>
        ReproSystem.All.Where(system => !system.IsAblation).ToDictionary(system => system.Id, system =>
        {
            CellResult[] cells = data.Cells(system.Id);
            return new SystemCost(features[system.Id], searches[system.Id], cells.Average(one => one.TrainSeconds), cells.Max(one => one.TrainMegabytes));
        });

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
