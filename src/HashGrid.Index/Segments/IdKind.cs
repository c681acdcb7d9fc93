namespace HashGrid.Index.Segments;

/// <summary>How a segment knows its ids. The numbers are part of the file format.</summary>
internal enum IdKind
{
    /// <summary>first + row.</summary>
    Counted = 0,

    /// <summary>first + order[row], 32 bits a row.</summary>
    CountedInOrder = 1,

    /// <summary>One 64-bit id a row.</summary>
    Given = 2,
}
