namespace HashGrid.Server.Storage.Journal;

/// <summary>A put on its way into the journal.</summary>
/// <param name="Sequence">Its journal sequence.</param>
/// <param name="Frame">The frame that it shares with its neighbours.</param>
/// <param name="Ordinal">Its number in the frame.</param>
internal readonly record struct AppendedPut(long Sequence, OpenFrame Frame, int Ordinal)
{
    /// <summary>Where it lies. Only once its sequence is durable.</summary>
    public RecordPlace Place => new(Frame.Address, Ordinal);
}
