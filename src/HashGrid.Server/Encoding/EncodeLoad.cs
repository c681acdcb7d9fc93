namespace HashGrid.Server.Encoding;

/// <summary>What images weigh while they are held, or how much may be held.</summary>
/// <param name="Items">Images admitted and not finished.</param>
/// <param name="Bytes">Of their files, until they are decoded.</param>
/// <param name="Pixels">By their headers, until they are decoded.</param>
public readonly record struct EncodeLoad(int Items, long Bytes, long Pixels)
{
    /// <summary>No bound at all.</summary>
    public static EncodeLoad Unbounded { get; } = new(int.MaxValue, long.MaxValue, long.MaxValue);

    public static EncodeLoad operator +(EncodeLoad a, EncodeLoad b) => new(a.Items + b.Items, a.Bytes + b.Bytes, a.Pixels + b.Pixels);

    public static EncodeLoad operator -(EncodeLoad a, EncodeLoad b) => new(a.Items - b.Items, a.Bytes - b.Bytes, a.Pixels - b.Pixels);

    /// <summary>Whether this much more may be held under a limit, in every dimension.</summary>
    public bool Fits(EncodeLoad held, EncodeLoad limit) =>
        Items <= limit.Items - held.Items && Bytes <= limit.Bytes - held.Bytes && Pixels <= limit.Pixels - held.Pixels;
}
