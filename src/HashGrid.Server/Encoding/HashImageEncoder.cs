using HashGrid.Model;

namespace HashGrid.Server.Encoding;

/// <summary>The network of HashGrid.Model behind the worker's interface.</summary>
public sealed class HashImageEncoder(HashEncoder encoder) : IImageEncoder
{
    public ModelIdentity Identity => encoder.Identity;

    public string Device => encoder.Device;

    public void Encode(ReadOnlySpan<float> pixels, int count, Span<ulong> codes) => encoder.Encode(pixels, count, codes);

    public void Dispose() => encoder.Dispose();
}
