namespace HashGrid.Server.Storage;

/// <summary>The answer of <see cref="CodeStore.Put"/>.</summary>
/// <param name="Outcome">What was decided.</param>
/// <param name="Sequence">The sequence that must be durable before the outcome may be acknowledged; see <see cref="CodeStore.WaitDurableAsync"/>.</param>
public readonly record struct PutResult(PutOutcome Outcome, long Sequence);
