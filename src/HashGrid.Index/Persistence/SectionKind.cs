namespace HashGrid.Index.Persistence;

/// <summary>What a section of an index file holds. The numbers are part of the format.</summary>
internal enum SectionKind
{
    /// <summary>Rows × words words; opens a segment. Argument: rows.</summary>
    Codes = 1,

    /// <summary>Nothing: the id of a row is argument + row.</summary>
    CountedIds = 2,

    /// <summary>Rows × 3 bytes and a zero byte, or × 4 bytes if there are more than 2^24: the id of a row is argument + order[row].</summary>
    OrderedIds = 3,

    /// <summary>Rows × 8 bytes: the ids.</summary>
    GivenIds = 4,

    /// <summary>One bit a row, in 64-bit words: rows that were removed. Absent if there are none.</summary>
    Tombstones = 5,

    /// <summary>(2^length + 1) × 4 bytes: bucket offsets of one substring. Argument: substring, and their number × 2^32.</summary>
    MultiIndexOffsets = 6,

    /// <summary>
    /// Rows in bucket order, 3 bytes each and a zero byte at the end, or 4 bytes each if there are more than 2^24; follows its offsets. Argument as there.
    /// Absent for substring 0 where the segment's rows lie in its order.
    /// </summary>
    MultiIndexRows = 7,

    /// <summary>Centres × words words; rows are sorted by (centre, distance to it). Argument: centres.</summary>
    ClusterCenters = 8,

    /// <summary>(Centres × (bits + 1) + 1) × 4 bytes: the first row of each (centre, distance), and the number of rows. Follows the centres.</summary>
    ClusterStarts = 9,

    /// <summary>Rows × words words: the codes in bucket order; may follow the rows of a substring, for all that have row numbers or none.</summary>
    MultiIndexCopies = 10,

    /// <summary>Rows × 8 bytes: the labels of each row, one bit each; follows the ids. Absent if no row has any.</summary>
    Labels = 11,
}
