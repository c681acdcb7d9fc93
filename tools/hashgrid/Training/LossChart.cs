using HashGrid.CommandLine.Output;
using ScottPlot;

namespace HashGrid.CommandLine.Training;

/// <summary>The loss and its terms above, held-out retrieval below, by epoch.</summary>
internal static class LossChart
{
    private const int Width = 900, Height = 760;

    public static void Write(string path, IReadOnlyList<EpochRecord> epochs)
    {
        var charts = new Multiplot();
        charts.AddPlots(2);
        double[] numbers = [.. epochs.Select(epoch => (double)epoch.TrainingEpoch)];
        Plot loss = charts.GetPlot(0);
        loss.Title("Training loss");
        Line(loss, "total", numbers, epochs.Select(epoch => epoch.Loss.Loss));
        Line(loss, "pairs (contrastive)", numbers, epochs.Select(epoch => epoch.Loss.Contrastive));
        Line(loss, "distance to ±1", numbers, epochs.Select(epoch => epoch.Loss.Regulariser));
        Line(loss, "findings (cross entropy)", numbers, epochs.Select(epoch => epoch.Loss.Classification));
        loss.Axes.AutoScale();
        loss.Axes.SetLimitsY(0, loss.Axes.GetLimits().Top);

        EpochRecord[] scored = [.. epochs.Where(epoch => epoch.Scores is not null)];
        numbers = [.. scored.Select(epoch => (double)epoch.TrainingEpoch)];
        Plot scores = charts.GetPlot(1);
        scores.Title("Retrieval of held-out pictures");
        Line(scores, "mAP", numbers, scored.Select(epoch => epoch.Scores!.Map));
        Line(scores, "nDCG@100", numbers, scored.Select(epoch => epoch.Scores!.Ndcg100));
        scores.Axes.SetLimitsY(0, 1);
        foreach (Plot plot in (Plot[])[loss, scores])
        {
            plot.XLabel("epoch");
            plot.Axes.SetLimitsX(0.5, Math.Max(epochs.Count, 2) + 0.5);
            plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
            plot.Font.Set(ChartFonts.Name);
            plot.ShowLegend(plot == loss ? Alignment.UpperRight : Alignment.LowerRight);
        }
        charts.SavePng(path + ".tmp", Width, Height);
        File.Move(path + ".tmp", path, overwrite: true);
    }

    private static void Line(Plot plot, string name, double[] epochs, IEnumerable<double> values)
    {
        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(epochs, values.ToArray());
        line.LegendText = name;
        line.LineWidth = 2;
    }
}
