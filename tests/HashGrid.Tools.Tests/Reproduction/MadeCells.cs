using HashGrid.CommandLine.Reproduction;
using HashGrid.CommandLine.Reproduction.Reports;
using HashGrid.CommandLine.Training;

namespace HashGrid.Tools.Tests.Reproduction;

/// <summary>Finished cells of given scores: every query of a split scores the same, so that a report's figures can be worked out by hand.</summary>
internal static class MadeCells
{
    public static ReproSettings Settings(int splits) => new() { Data = "/data", Format = DataFormat.Folder, Bits = [48], Splits = splits, Epochs = [], Sizes = [] };

    /// <summary>Every system, the named ones with their mAP by split, the others with 0.5 everywhere; mAP@10 is half of it, nDCG@100 a quarter.</summary>
    public static ReportData Report(int splits, params (string System, double[] Maps)[] scores) => new(
        Settings(splits),
        [.. ReproSystem.All.SelectMany(system => Enumerable.Range(1, splits).Select(split =>
            Cell(system.Id, split, scores.FirstOrDefault(one => one.System == system.Id).Maps?[split - 1] ?? 0.5)))]);

    public static CellResult Cell(string system, int split, double map, double trainSeconds = 1, double megabytes = 1) => new()
    {
        System = system,
        Split = split,
        Bits = 48,
        Database = 100,
        Queries = Patients.Length,
        Recipe = "",
        TrainSeconds = trainSeconds,
        TrainMegabytes = megabytes,
        Losses = [],
        Scores =
        [
            new WidthScores
            {
                Bits = 48,
                Map = map,
                MapLow = map,
                MapHigh = map,
                Ndcg100 = map / 4,
                MapAt10 = map / 2,
                MapTieAware = map,
                MapRandom = 0.4,
                Precision = new double[20],
                Patients = Patients,
                AveragePrecisions = [.. Patients.Select(_ => map)],
                AveragePrecisionsAt10 = [.. Patients.Select(_ => map / 2)],
                Ndcgs = [.. Patients.Select(_ => map / 4)],
            },
        ],
    };

    private static string[] Patients { get; } = [.. Enumerable.Range(0, 50).Select(i => $"p{i}")];
}
