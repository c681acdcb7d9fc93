using HashGrid.Model.Imaging;

namespace HashGrid.Server.Encoding;

/// <summary>PNG and JPEG files through HashGrid.Model's reader, under the server's limits.</summary>
public sealed class FileImageDecoder(ImageLimits limits) : IImageDecoder
{
    public void Check(ReadOnlyMemory<byte> file) => ImageReader.ReadHeader(file, limits);

    public void Decode(ReadOnlyMemory<byte> file, int size, Span<float> destination) => ImageReader.Decode(file, size, destination, limits);
}
