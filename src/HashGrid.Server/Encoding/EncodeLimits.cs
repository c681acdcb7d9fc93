namespace HashGrid.Server.Encoding;

/// <summary>How much the encoder holds at once.</summary>
public sealed record EncodeLimits
{
    /// <summary>Images admitted and not finished, of all callers; at least 1.</summary>
    public int MaxItems { get; init; } = 1024;

    /// <summary>Bytes of image files admitted and not decoded, of all callers; at least the largest image.</summary>
    public long MaxBytes { get; init; } = 256L << 20;

    /// <summary>Images decoded at the same time, each on one thread of the pool; at least 1.</summary>
    public int Decoders { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Images decoded or being decoded ahead of the network; at least 1. Bounds the pixels in memory (0.2 MB each at 224 × 224), and
    /// how long an image of a small caller waits behind others: order between flows is fixed once more at this stage.
    /// </summary>
    public int DecodeAhead { get; init; } = 64;

    /// <summary>Images in one forward pass; at least 1.</summary>
    public int MaxBatch { get; init; } = 32;
}
