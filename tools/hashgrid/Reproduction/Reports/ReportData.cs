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

    /// <summary>A system's own score, patients resampled; how splits differ stands beside it in the tables.</summary>
    public PatientInterval Of(string system, RetrievalMetric metric) => PatientInterval.Of(Queries(system, metric));

    /// <summary>A system's score by split.</summary>
    public IEnumerable<double> BySplit(string system, RetrievalMetric metric) => Cells(system).Select(one => metric.Mean(Scores(one, settings.MainBits)!));

    /// <summary>Mean over splits of anything.</summary>
    public double Mean(string system, Func<WidthScores, double> value) => Cells(system).Select(one => value(Scores(one, settings.MainBits)!)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Query by query, how much further the first is, in the splits that both have been through.</summary>
    /// <exception cref="CommandException">Two cells of one split asked other queries.</exception>
    public SplitInterval Lead(string first, string second, RetrievalMetric metric)
    {
        ILookup<int, CellResult> others = Cells(second).ToLookup(one => one.Split);
        return SplitInterval.Of(
            [.. Cells(first).Where(one => others.Contains(one.Split)).Select(one => Differences(one, others[one.Split].First(), metric))], Workbench.Asked);
    }

    private (string Patient, double Value)[] Differences(CellResult first, CellResult second, RetrievalMetric metric)
    {
        (WidthScores a, WidthScores b) = (Scores(first, settings.MainBits)!, Scores(second, settings.MainBits)!);
        return a.Patients.AsSpan().SequenceEqual(b.Patients)
            ? [.. a.Patients.Zip(metric.Queries(a).Zip(metric.Queries(b), (x, y) => x - y))]
            : throw new CommandException($"the cells of {first.System} and {second.System} asked other queries in split {first.Split}; delete both to measure them again");
    }

    private (string Patient, double Value)[] Queries(string system, RetrievalMetric metric) =>
        [.. Cells(system).Select(one => Scores(one, settings.MainBits)!).SelectMany(one => one.Patients.Zip(metric.Queries(one)))];

    private static WidthScores? Scores(CellResult result, int bits) => result.Scores.FirstOrDefault(one => one.Bits == bits);
}
