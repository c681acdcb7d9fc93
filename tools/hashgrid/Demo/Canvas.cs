using NetVips;
using Image = NetVips.Image;

namespace HashGrid.CommandLine.Demo;

/// <summary>A white picture to put others on.</summary>
internal sealed class Canvas(int width, int height)
{
    private Image _image = (Image.Black(width, height) + new double[] { 255, 255, 255 }).Cast(Enums.BandFormat.Uchar)
        .Copy(interpretation: Enums.Interpretation.Srgb).CopyMemory();

    /// <summary>Puts an RGB picture and disposes of it; what hangs over the edge is cut off.</summary>
    public void Put(Image picture, int left, int top)
    {
        using (picture)
            _image = _image.Mutate(canvas => canvas.DrawImage(picture, left, top));
    }

    /// <summary>PNG, or JPEG where the name ends so: a tenth of the size, for pictures of pictures.</summary>
    public void Write(string path)
    {
        if (path.EndsWith(".jpg", StringComparison.OrdinalIgnoreCase))
            _image.Jpegsave(path, q: 80);
        else
            _image.Pngsave(path, compression: 9);
        _image.Dispose();
    }
}
