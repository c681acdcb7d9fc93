namespace HashGrid.Model.Imaging;

/// <summary>The file formats that are read.</summary>
public enum ImageFormat
{
    /// <summary>Portable Network Graphics, 1 to 16 bits.</summary>
    Png,

    /// <summary>JPEG, 8 bits, baseline or progressive.</summary>
    Jpeg,
}
