namespace HashGrid.Index.Persistence;

/// <summary>Takes one piece of a section.</summary>
/// <param name="at">Bytes before it in the section.</param>
/// <param name="piece">The bytes.</param>
internal delegate void SectionPiece(long at, ReadOnlySpan<byte> piece);
