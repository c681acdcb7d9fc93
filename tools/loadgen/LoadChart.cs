using ScottPlot;

namespace HashGrid.LoadGen;

/// <summary>A run as a picture: latency by percentile above, offered and achieved rate by second below.</summary>
internal static class LoadChart
{
    private const string Font = "Roboto";
    private const int Width = 900, Height = 760;
    private static readonly Lazy<bool> Fonts = new(AddFonts);

    public static void Write(string path, LoadReport report)
    {
        _ = Fonts.Value;
        var charts = new Multiplot();
        charts.AddPlots(2);
        Plot latency = charts.GetPlot(0), rate = charts.GetPlot(1);
        latency.Title($"{LoadReport.Name(report.Options.Scenario)}: latency from the intended send time");
        latency.XLabel("percentile");
        latency.YLabel("ms");
        rate.Title("Offered and achieved, by second");
        rate.XLabel("s");
        rate.YLabel("operations");
        foreach (OperationReport operation in report.Operations.Where(operation => operation.Completed > 0))
        {
            // Both axes are logarithmic: each nine takes the same room, as the histogram's authors draw it.
            Line(latency, operation.Name, operation.Percentiles.Select(point => Nines(point.Percentile)), operation.Percentiles.Select(point => Math.Log10(Math.Max(point.Milliseconds, 0.001))));
            double[] seconds = [.. operation.BySecond.Select(second => (double)second.Second)];
            Line(rate, operation.Name + " offered", seconds, operation.BySecond.Select(second => (double)second.Offered));
            Line(rate, operation.Name + " achieved", seconds, operation.BySecond.Select(second => (double)second.Completed));
        }
        Ticks(latency.Axes.Bottom, [(0, "0"), (1, "90"), (2, "99"), (3, "99.9"), (4, "99.99")]);
        Ticks(latency.Axes.Left, [.. Enumerable.Range(-3, 9).Select(power => ((double)power, Math.Pow(10, power).ToString("0.###", System.Globalization.CultureInfo.InvariantCulture)))]);
        latency.Axes.AutoScale();
        rate.Axes.AutoScale();
        rate.Axes.SetLimitsY(0, rate.Axes.GetLimits().Top);
        foreach (Plot plot in (Plot[])[latency, rate])
        {
            plot.Font.Set(Font);
            plot.ShowLegend(plot == latency ? Alignment.UpperLeft : Alignment.LowerRight);
        }
        charts.SavePng(path, Width, Height);
    }

    private static double Nines(double percentile) => -Math.Log10(1 - percentile / 100);

    private static void Line(Plot plot, string name, IEnumerable<double> xs, IEnumerable<double> ys)
    {
        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(xs.ToArray(), ys.ToArray());
        line.LegendText = name;
        line.LineWidth = 2;
    }

    private static void Ticks(IAxis axis, (double Position, string Label)[] ticks)
    {
        var generator = new ScottPlot.TickGenerators.NumericManual();
        foreach ((double position, string label) in ticks)
            generator.AddMajor(position, label);
        axis.TickGenerator = generator;
    }

    // Machines without a screen often have no fonts.
    private static bool AddFonts()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Assets");
        ScottPlot.Fonts.AddFontFile(Font, Path.Combine(folder, "Roboto-Regular.ttf"), bold: false, italic: false);
        ScottPlot.Fonts.AddFontFile(Font, Path.Combine(folder, "Roboto-Medium.ttf"), bold: true, italic: false);
        return true;
    }
}
