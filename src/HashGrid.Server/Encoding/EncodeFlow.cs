namespace HashGrid.Server.Encoding;

/// <summary>One stream's place in the encoder's queues: its items leave in order, and share the encoder with other flows by weight.</summary>
public sealed class EncodeFlow
{
    /// <summary>Images of searches: one flow for all callers, since each waits for a single answer.</summary>
    public const double SearchWeight = 8;

    /// <summary>A stream that stores nothing: somebody reads the codes as they come.</summary>
    public const double EncodeWeight = 2;

    /// <summary>Bulk ingest.</summary>
    public const double IngestWeight = 1;

    internal EncodeFlow(AdmissionShare share, FairQueue<EncodeItem>.Lane waiting, FairQueue<EncodeItem>.Lane decoded) =>
        (Share, Waiting, Decoded) = (share, waiting, decoded);

    /// <summary>Its part of the room in the queue.</summary>
    public AdmissionShare Share { get; }

    internal FairQueue<EncodeItem>.Lane Waiting { get; }

    internal FairQueue<EncodeItem>.Lane Decoded { get; }
}
