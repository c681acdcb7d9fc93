namespace HashGrid.Client;

/// <summary>How one ingest stream is opened.</summary>
public sealed record IngestOptions
{
    /// <summary>1 to 128 characters, one writer at a time. Null: a fresh random one. Open a known one to continue an earlier run.</summary>
    public string? StreamId { get; init; }

    /// <summary>
    /// Sequence of the first item that will be sent. Null: the one after the last that the server knows. Give 1 to repeat a broken
    /// run from its beginning with the same items in the same order: those that the server holds are answered without being sent.
    /// </summary>
    public ulong? FirstSequence { get; init; }

    /// <summary>Refuse to send to a server that runs another model (<see cref="ModelInfo.Fingerprint"/>). Null: any.</summary>
    public string? ModelFingerprint { get; init; }

    /// <summary>Items accepted by <see cref="IngestStream.SendAsync"/> whose result has not been read; 1 to 1,048,576. Default 4,096.</summary>
    public int MaxInFlight { get; init; } = 4096;

    /// <summary>Bytes of images and codes that are kept for a resend; one item may exceed it alone. 1 MiB or more. Default 64 MiB.</summary>
    public long MaxInFlightBytes { get; init; } = 64L << 20;

    /// <summary>Every problem with these settings; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        if (StreamId is { Length: 0 or > 128 })
            problems.Add($"StreamId has {StreamId.Length} characters, but 1 to 128 are possible");
        if (FirstSequence is 0)
            problems.Add("FirstSequence is 0, but sequences start from 1");
        if (MaxInFlight is < 1 or > 1 << 20)
            problems.Add($"MaxInFlight is {MaxInFlight}, but 1 to {1 << 20} are possible");
        if (MaxInFlightBytes < 1 << 20)
            problems.Add($"MaxInFlightBytes is {MaxInFlightBytes}, but at least {1 << 20} are needed");
        return problems;
    }
}
