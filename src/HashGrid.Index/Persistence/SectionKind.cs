namespace HashGrid.Index.Persistence;

/// <summary>What a section of an index file holds. The numbers are part of the format.</summary>
internal enum SectionKind
{
    /// <summary>Rows × words words; opens a segment. Argument: rows.</summary>
    Codes = 1,

    /// <summary>Nothing: the id of a row is argument + row.</summary>
    CountedIds = 2,

    /// <summary>Rows × 4 bytes: the id of a row is argument + order[row].</summary>
    OrderedIds = 3,

    /// <summary>Rows × 8 bytes: the ids.</summary>
    GivenIds = 4,

    /// <summary>One bit a row, in 64-bit words: rows that were removed. Absent if there are none.</summary>
    Tombstones = 5,

    /// <summary>(2^length + 1) × 4 bytes: bucket offsets of one substring. Argument: substring, and their number × 2^32.</summary>
    MultiIndexOffsets = 6,

    /// <summary>Rows × 4 bytes: rows in bucket order; follows its offsets. Argument as there.</summary>
    MultiIndexRows = 7,
}
