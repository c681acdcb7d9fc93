namespace HashGrid.Model.Imaging;

/// <summary>What a file says of itself.</summary>
/// <param name="Format">PNG or JPEG.</param>
/// <param name="Width">Columns, before any EXIF rotation.</param>
/// <param name="Height">Rows, before any EXIF rotation.</param>
/// <param name="BitDepth">Bits a channel, 1 to 16.</param>
/// <param name="Channels">1 grey, 2 grey and alpha, 3 RGB (also palette), 4 RGBA or CMYK.</param>
public readonly record struct ImageHeader(ImageFormat Format, int Width, int Height, int BitDepth, int Channels);
