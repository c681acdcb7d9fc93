namespace HashGrid.Client;

/// <summary>One stored code that was found.</summary>
/// <param name="Id">The caller's own name of it.</param>
/// <param name="Distance">Bits that differ from the query.</param>
/// <param name="Labels">As they were stored.</param>
/// <param name="Name">As it was stored, such as a file name.</param>
/// <param name="Code">The code when <see cref="QueryOptions.IncludeCodes"/> asked for it, else <c>default</c>.</param>
public sealed record SearchMatch(ulong Id, int Distance, IReadOnlyList<string> Labels, string Name, BinaryCode Code);
