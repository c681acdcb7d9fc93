namespace HashGrid.Client;

/// <summary>What the store holds under one id.</summary>
/// <param name="Id">The caller's own name.</param>
/// <param name="Code">The code.</param>
/// <param name="Labels">As they were stored.</param>
/// <param name="Name">As it was stored, such as a file name.</param>
/// <param name="Sequence">The store sequence that wrote it.</param>
public sealed record StoredItem(ulong Id, BinaryCode Code, IReadOnlyList<string> Labels, string Name, ulong Sequence);
