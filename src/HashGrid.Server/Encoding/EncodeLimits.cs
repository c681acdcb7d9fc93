namespace HashGrid.Server.Encoding;

/// <summary>How much the encoder holds at once.</summary>
public sealed record EncodeLimits
{
    /// <summary>Images admitted and not finished, of all callers; at least 1.</summary>
    public int MaxItems { get; init; } = 1024;

    /// <summary>Bytes of image files admitted and not decoded, of all callers; at least the largest image.</summary>
    public long MaxBytes { get; init; } = 256L << 20;

    /// <summary>Pixels of images admitted and not decoded, of all callers; at least the largest image. Bounds the time a full queue takes to decode.</summary>
    public long MaxPixels { get; init; } = 1_024_000_000;

    /// <summary>Part of all three that only callers reach who cannot wait: a queue full of streams has room for a search.</summary>
    public EncodeLoad Reserve { get; init; }

    /// <summary>Images decoded at the same time, each on one thread of the pool; at least 1.</summary>
    public int Decoders { get; init; } = Environment.ProcessorCount;

    /// <summary>Pixels of images that are decoded at the same time; a larger image is decoded alone. Up to 8 bytes a pixel are in memory meanwhile.</summary>
    public long MaxDecodingPixels { get; init; } = 128_000_000;

    /// <summary>
    /// Images decoded or being decoded ahead of the network; at least 1. Bounds the pixels in memory (0.2 MB each at 224 × 224), and
    /// how long an image of a small caller waits behind others: order between flows is fixed once more at this stage.
    /// </summary>
    public int DecodeAhead { get; init; } = 64;

    /// <summary>Images in one forward pass; at least 1.</summary>
    public int MaxBatch { get; init; } = 32;
}
