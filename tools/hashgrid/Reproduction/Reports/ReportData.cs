using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>Finished cells, by what a report asks of them.</summary>
internal sealed class ReportData(ReproSettings settings, IReadOnlyList<CellResult> results)
{
    public ReproSettings Settings => settings;

    public IReadOnlyList<CellResult> Results => results;

    /// <summary>Splits that every system has been through.</summary>
    public int Splits => Cells(ReproSystem.Ours).Length;

    /// <summary>Cells of a system that were scored at the tables' width, by split.</summary>
    public CellResult[] Cells(string system) => [.. results.Where(one => one.System == system && Scores(one, settings.MainBits) is not null).OrderBy(one => one.Split)];

    /// <summary>The first split's cell that was scored at a width; null if there is none.</summary>
    public WidthScores? AtWidth(string system, int bits) =>
        results.Where(one => one.System == system && one.Split == 1).Select(one => Scores(one, bits)).FirstOrDefault(one => one is not null);

    public PatientInterval Map(string system) => PatientInterval.Of(Queries(system, one => one.AveragePrecisions));

    public PatientInterval Ndcg(string system) => PatientInterval.Of(Queries(system, one => one.Ndcgs));

    /// <summary>Mean over splits of anything.</summary>
    public double Mean(string system, Func<WidthScores, double> value) => Cells(system).Select(one => value(Scores(one, settings.MainBits)!)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Query by query, how much further the first is.</summary>
    public PatientInterval Lead(string first, string second, bool ndcg)
    {
        Func<WidthScores, double[]> values = ndcg ? one => one.Ndcgs : one => one.AveragePrecisions;
        return PatientInterval.Of(Queries(first, values).Zip(Queries(second, values), (a, b) => (a.Patient, a.Value - b.Value)));
    }

    private (string Patient, double Value)[] Queries(string system, Func<WidthScores, double[]> values) =>
        [.. Cells(system).Select(one => Scores(one, settings.MainBits)!).SelectMany(one => one.Patients.Zip(values(one)))];

    private static WidthScores? Scores(CellResult result, int bits) => result.Scores.FirstOrDefault(one => one.Bits == bits);
}
