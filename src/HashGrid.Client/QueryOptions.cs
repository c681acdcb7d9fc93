namespace HashGrid.Client;

/// <summary>What a search keeps, returns and waits for.</summary>
public sealed record QueryOptions
{
    /// <summary>Keep codes that carry at least one of these labels. Empty: keep all.</summary>
    public IReadOnlyList<string> AnyLabel { get; init; } = [];

    /// <summary>Wait until the index has seen this store sequence (<see cref="IngestStream.StoreSequence"/>). 0 does not wait.</summary>
    public ulong AtLeastSequence { get; init; }

    /// <summary>Also return the codes themselves.</summary>
    public bool IncludeCodes { get; init; }

    /// <summary>Also return where the network looks in the query, which must be an image; costs the server about as much as its code, one image at a time.</summary>
    public bool IncludeAttention { get; init; }

    /// <summary>Deadline of this search, which is also its deadline in the server's queues. Null: <see cref="HashGridClientOptions.CallTimeout"/>. No meaning on a search stream.</summary>
    public TimeSpan? Timeout { get; init; }
}
