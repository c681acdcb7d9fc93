using HashGrid.Model.Imaging;

namespace HashGrid.Server.Encoding;

/// <summary>PNG and JPEG files through HashGrid.Model's reader, under the server's limits.</summary>
public sealed class FileImageDecoder(ImageLimits limits) : IImageDecoder
{
    public long Check(ReadOnlyMemory<byte> file)
    {
        ImageHeader header = ImageReader.ReadHeader(file, limits);
        return (long)header.Width * header.Height;
    }

    public void Decode(ReadOnlyMemory<byte> file, int size, Span<float> destination) => ImageReader.Decode(file, size, destination, limits);
}
