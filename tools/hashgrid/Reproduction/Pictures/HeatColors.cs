using HashGrid.Model.Attention;
using NetVips;
using Image = NetVips.Image;

namespace HashGrid.CommandLine.Reproduction.Pictures;

/// <summary>An attention map over its picture: blue, green, yellow, red from the lowest value to the highest, half transparent.</summary>
internal static class HeatColors
{
    private const double Opacity = 0.45;

    /// <summary>RGB, a square of that side.</summary>
    public static Image Blend(string picturePath, AttentionMap map, int side)
    {
        using Image grey = Picture(picturePath, side);
        byte[] colors = new byte[side * side * 3];
        foreach ((int i, float value) in AttentionMap.Stretch(map.Resize(side, side)).Index())
            (colors[3 * i], colors[(3 * i) + 1], colors[(3 * i) + 2]) = Color(value);
        using Image heat = Image.NewFromMemoryCopy(colors, side, side, 3, Enums.BandFormat.Uchar);
        return ((grey * (1 - Opacity)) + (heat * Opacity)).Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb);
    }

    /// <summary>The picture alone, stretched to a square as the network sees it; RGB.</summary>
    public static Image Picture(string path, int side)
    {
        using Image picture = Image.Thumbnail(path, side, height: side, size: Enums.Size.Force).Colourspace(Enums.Interpretation.Srgb);
        return picture.HasAlpha() ? picture.Flatten() : picture.Copy();
    }

    /// <summary>From the lowest value at the left to the highest at the right; RGB.</summary>
    public static Image Scale(int width, int height)
    {
        byte[] colors = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
            (colors[3 * i], colors[(3 * i) + 1], colors[(3 * i) + 2]) = Color((float)(i % width) / (width - 1));
        using Image scale = Image.NewFromMemoryCopy(colors, width, height, 3, Enums.BandFormat.Uchar);
        return scale.Copy(interpretation: Enums.Interpretation.Srgb);
    }

    /// <summary>Turbo-like: 0 blue, 1/3 green-blue, 2/3 yellow, 1 red.</summary>
    public static (byte Red, byte Green, byte Blue) Color(float value)
    {
        static byte Tent(double x) => (byte)Math.Round(255 * Math.Clamp(1.5 - Math.Abs(x), 0, 1));
        return (Tent((4 * value) - 3), Tent((4 * value) - 2), Tent((4 * value) - 1));
    }
}
