using System.Runtime.InteropServices;
using NetVips;
using Image = NetVips.Image;

namespace HashGrid.CommandLine.Demo;

/// <summary>Text as pictures, in the fonts that come with the program: a machine may have none of its own.</summary>
internal static class SheetText
{
    private const int DotsPerInch = 72;   // a point is a pixel

    static SheetText()
    {
        // Read by the native libraries, which do not see what the framework sets in its own copy of the environment.
        _ = SetEnvironment("FONTCONFIG_FILE", Asset("fonts.conf"), 1);
        foreach (string weight in (string[])["Regular", "Medium"])
            using (Image.Text("x", fontfile: Asset($"Roboto-{weight}.ttf"))) { }
    }

    /// <summary>White RGB with the text on it.</summary>
    /// <param name="markup">Pango markup; <see cref="Escape"/> what is not.</param>
    /// <param name="pixels">Font size.</param>
    /// <param name="color">RGB.</param>
    /// <param name="width">Where lines are broken, in pixels; 0: nowhere.</param>
    public static Image Draw(string markup, int pixels, double[] color, int width = 0)
    {
        using Image mask = Image.Text(
            markup, font: $"Roboto {pixels}", width: width > 0 ? width : null, dpi: DotsPerInch, wrap: Enums.TextWrap.WordChar);
        return mask.Ifthenelse(color, new double[] { 255, 255, 255 }, blend: true).Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb);
    }

    public static string Bold(string markup) => $"<span weight=\"500\">{markup}</span>";

    public static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Asset(string name) => Path.Combine(AppContext.BaseDirectory, "Assets", name);

    [DllImport("libc", EntryPoint = "setenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int SetEnvironment(string name, string value, int overwrite);
}
