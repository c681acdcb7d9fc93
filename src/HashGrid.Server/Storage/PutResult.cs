namespace HashGrid.Server.Storage;

/// <summary>The answer of <see cref="CodeStore.Put"/>.</summary>
/// <param name="Outcome">What was decided.</param>
/// <param name="Sequence">The sequence that must be durable before the outcome may be acknowledged; see <see cref="CodeStore.WaitDurableAsync"/>.</param>
public readonly record struct PutResult(PutOutcome Outcome, long Sequence)
{
    /// <summary>The id that holds the same content: the put was linked to it, or is a <see cref="PutOutcome.Duplicate"/>. Null for any other.</summary>
    public ulong? DuplicateOf { get; init; }

    /// <summary>The refusal that was appended in the same step. Only of a <see cref="PutOutcome.Duplicate"/> that a stream carried.</summary>
    public Refusal? Refusal { get; init; }
}
