using HashGrid.Model.Imaging;

namespace HashGrid.Server.Encoding;

/// <summary>Image files to the network's pixels; thread-safe.</summary>
public interface IImageDecoder
{
    /// <summary>Refuses what cannot be decoded by looking at its header only.</summary>
    /// <returns>Its pixels: what decoding costs in time and memory.</returns>
    /// <exception cref="ImageFormatException">Empty, no image, of an unread kind, or above a limit.</exception>
    public long Check(ReadOnlyMemory<byte> file);

    /// <summary>Decodes and resizes.</summary>
    /// <param name="file">A whole image file.</param>
    /// <param name="size">Side of the square result, in pixels.</param>
    /// <param name="destination">size × size grey values, 0 to 1.</param>
    /// <exception cref="ImageFormatException">The file is cut off or damaged, or fails <see cref="Check"/>.</exception>
    public void Decode(ReadOnlyMemory<byte> file, int size, Span<float> destination);
}
