namespace HashGrid.Client.Streams;

/// <summary>What the server says about one item before the acknowledgement that covers it; <c>default</c> for most.</summary>
/// <param name="Refusal">Why it was refused; null if it was not.</param>
/// <param name="DuplicateOf">The id that holds the same image; null for none.</param>
internal readonly record struct ItemNotice(ItemFailure? Refusal, ulong? DuplicateOf);
