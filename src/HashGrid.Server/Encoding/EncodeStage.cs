namespace HashGrid.Server.Encoding;

/// <summary>Where an item is; it only ever moves forward.</summary>
public enum EncodeStage
{
    /// <summary>Admitted, file bytes held.</summary>
    Waiting,

    /// <summary>On a thread of the pool.</summary>
    Decoding,

    /// <summary>Pixels held, file bytes released.</summary>
    Decoded,

    /// <summary>Part of a batch in the network.</summary>
    Running,

    /// <summary>Code, failure or cancellation: nothing is held any more.</summary>
    Finished,
}
