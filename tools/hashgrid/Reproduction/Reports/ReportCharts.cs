using HashGrid.CommandLine.Output;
using HashGrid.Model.Evaluation;
using ScottPlot;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>mAP by width, precision by recall, loss by epoch.</summary>
internal static class ReportCharts
{
    private const int Width = 720, Height = 430;

    public static void Widths(string path, ReportData data)
    {
        using var plot = new Plot();
        foreach (ReproSystem system in ReproSystem.All.Where(system => !system.IsAblation))
        {
            int[] bits = [.. data.Settings.Bits.Where(width => data.AtWidth(system.Id, width) is not null)];
            Line(plot, system.Title, [.. bits.Select(width => (double)width)], [.. bits.Select(width => data.AtWidth(system.Id, width)!.Map)]);
        }
        plot.Add.HorizontalLine(data.Mean(ReproSystem.Ours, one => one.MapRandom), 1, Colors.Gray, LinePattern.Dashed);
        plot.Axes.Bottom.SetTicks([.. data.Settings.Bits.Select(bits => (double)bits)], [.. data.Settings.Bits.Select(bits => $"{bits}")]);
        Save(plot, path, "mAP by code width, first split; dashed: random order", "bits", "mAP");
    }

    public static void Precision(string path, ReportData data)
    {
        using var plot = new Plot();
        double[] recall = [.. Enumerable.Range(1, RecallCurve.Points).Select(point => (double)point / RecallCurve.Points)];
        foreach (ReproSystem system in ReproSystem.All.Where(system => !system.IsAblation && data.Cells(system.Id).Length > 0))
            Line(plot, system.Title, recall, Curve(data, system));
        Save(plot, path, $"Precision by recall, {data.Settings.MainBits} bits, mean of {data.Splits} splits", "recall", "precision");
    }

    /// <summary>Systems whose curve has a place more than two hundredths above its beginning.</summary>
    public static IReadOnlyList<string> Rising(ReportData data) =>
        [.. ReproSystem.All.Where(system => !system.IsAblation && data.Cells(system.Id).Length > 0 && Curve(data, system) is { } curve && curve.Max() > curve[0] + 0.02).Select(system => system.Title)];

    public static void Losses(string path, ReportData data)
    {
        using var plot = new Plot();
        foreach (string id in (string[])["dsh", "drh", "ath", ReproSystem.PaperLoss, ReproSystem.Ours])
            if (data.Cells(id).FirstOrDefault()?.Losses is { Length: > 0 } losses)
                Line(plot, ReproSystem.Of(id).Title, [.. losses.Select((_, epoch) => epoch + 1.0)], [.. losses.Select(loss => loss / losses[0])]);
        Save(plot, path, "Training loss, that of the first epoch being 1; first split", "epoch", "loss");
    }

    private static double[] Curve(ReportData data, ReproSystem system)
    {
        double[][] curves = [.. data.Cells(system.Id).Select(cell => cell.Scores.First(one => one.Bits == data.Settings.MainBits).Precision)];
        return [.. Enumerable.Range(0, RecallCurve.Points).Select(i => curves.Average(curve => curve[i]))];
    }

    private static void Line(Plot plot, string name, double[] x, double[] y)
    {
        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(x, y);
        line.LegendText = name;
        line.LineWidth = 2;
        line.MarkerSize = x.Length > 10 ? 0 : 6;
    }

    private static void Save(Plot plot, string path, string title, string x, string y)
    {
        plot.Title(title);
        plot.XLabel(x);
        plot.YLabel(y);
        plot.Font.Set(ChartFonts.Name);
        plot.ShowLegend(Edge.Right);
        plot.SavePng(path, Width, Height);
    }
}
