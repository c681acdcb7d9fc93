namespace HashGrid.Model.Imaging;

/// <summary>What is refused before any pixel is decoded.</summary>
public sealed record ImageLimits
{
    /// <summary>Largest file, in bytes; default 32 MiB.</summary>
    public long MaxBytes { get; init; } = 32L << 20;

    /// <summary>Longest side, in pixels; default 16384.</summary>
    public int MaxSide { get; init; } = 16384;

    /// <summary>Most pixels; default 64 million (a decoded 16-bit RGBA image then takes half a gigabyte at worst).</summary>
    public long MaxPixels { get; init; } = 64_000_000;

    /// <summary>Bytes of pixels that one byte of a PNG's data may become, where the picture takes more than 16 MiB; default 250. Radiographs compress to a half or a tenth, empty pictures to a thousandth.</summary>
    public int MaxExpansion { get; init; } = 250;
}
