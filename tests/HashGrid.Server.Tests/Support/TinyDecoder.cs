using HashGrid.Model.Imaging;
using HashGrid.Server.Encoding;

namespace HashGrid.Server.Tests.Support;

/// <summary>"Files" whose bytes are the picture; byte 255 first means a damaged one. A test may hold it at a gate.</summary>
internal sealed class TinyDecoder : IImageDecoder
{
    public Action? BeforeDecode { get; set; }

    public long Check(ReadOnlyMemory<byte> file) => file.IsEmpty
        ? throw new ImageFormatException(ImageProblem.Empty, "the image has 0 bytes; send a file")
        : file.Length;

    public void Decode(ReadOnlyMemory<byte> file, int size, Span<float> destination)
    {
        BeforeDecode?.Invoke();
        if (file.Span[0] == 255) throw new ImageFormatException(ImageProblem.Truncated, "the image is cut off; send it again");
        for (int i = 0; i < destination.Length; i++) destination[i] = file.Span[i % file.Length] / 255f;
    }
}
