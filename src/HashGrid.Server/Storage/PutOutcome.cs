namespace HashGrid.Server.Storage;

/// <summary>What <see cref="CodeStore.Put"/> decided. Decisions see every earlier call, durable or not yet.</summary>
public enum PutOutcome
{
    /// <summary>A record was appended to the journal.</summary>
    Appended,

    /// <summary>The store already holds this; at most the stream position was appended.</summary>
    Unchanged,

    /// <summary>The id is stored with another code; nothing was appended, the stream position was not taken.</summary>
    Conflict,

    /// <summary>Another id holds the same content, and the store refuses that. Of a stream, the refusal was appended and took the position.</summary>
    Duplicate,

    /// <summary>This stream position was taken before; nothing was appended.</summary>
    Repeated,
}
