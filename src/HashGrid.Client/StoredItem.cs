namespace HashGrid.Client;

/// <summary>What the store holds under one id.</summary>
/// <param name="Id">The caller's own name.</param>
/// <param name="Code">The code.</param>
/// <param name="Labels">As they were stored.</param>
/// <param name="Name">As it was stored, such as a file name.</param>
/// <param name="Sequence">The store sequence that wrote it.</param>
public sealed record StoredItem(ulong Id, BinaryCode Code, IReadOnlyList<string> Labels, string Name, ulong Sequence)
{
    /// <summary>What <see cref="ContentId.DigestOf"/> makes of the image file; null for a code that came without its image.</summary>
    public string? Digest { get; init; }

    /// <summary>The id that held the same image when this one was linked to it; null if it was not.</summary>
    public ulong? DuplicateOf { get; init; }
}
