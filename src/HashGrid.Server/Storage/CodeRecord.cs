namespace HashGrid.Server.Storage;

/// <summary>One stored image: its code and what the caller said about it.</summary>
/// <param name="Id">The caller's stable name.</param>
/// <param name="Code"><c>StoreModel.Words</c> words, spare bits zero. Not to be changed after it was handed over.</param>
/// <param name="Labels">At most 64, each at most 128 bytes of UTF-8.</param>
/// <param name="Name">At most 256 bytes of UTF-8; may be empty.</param>
/// <param name="Sequence">The journal sequence that wrote it; ignored by <see cref="CodeStore.Put"/>.</param>
public sealed record CodeRecord(ulong Id, ulong[] Code, string[] Labels, string Name, long Sequence)
{
    /// <summary>The image file that the code was made of; null for a code that came without one.</summary>
    public ContentDigest? Digest { get; init; }

    /// <summary>The id that held the same content when this one was linked to it; null if none was. Set by <see cref="CodeStore.Put"/>.</summary>
    public ulong? DuplicateOf { get; init; }

    /// <summary>Whether the other record has the same code, labels and name, in order.</summary>
    public bool SameContent(CodeRecord other) =>
        SameCode(other) && Name == other.Name && Labels.AsSpan().SequenceEqual(other.Labels);

    /// <summary>Whether the other record has the same code.</summary>
    public bool SameCode(CodeRecord other) => Code.AsSpan().SequenceEqual(other.Code);
}
