namespace HashGrid.CommandLine.Output;

/// <summary>The fonts that come with the program: machines without a screen often have none.</summary>
internal static class ChartFonts
{
    private static readonly Lazy<string> Loaded = new(Load);

    /// <summary>Registered by the first that asks.</summary>
    public static string Name => Loaded.Value;

    private static string Load()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Assets");
        ScottPlot.Fonts.AddFontFile("Roboto", Path.Combine(folder, "Roboto-Regular.ttf"), bold: false, italic: false);
        ScottPlot.Fonts.AddFontFile("Roboto", Path.Combine(folder, "Roboto-Medium.ttf"), bold: true, italic: false);
        return "Roboto";
    }
}
