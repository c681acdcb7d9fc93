using HashGrid.Index.Segments;

namespace HashGrid.Index.MultiIndex;

/// <summary>For each substring a table from its value to the rows that have it, in CSR form: offsets, then rows in bucket order.</summary>
/// <remarks>
/// A probe is one pair of neighbouring offsets and one sequential run of rows. Compact form: 4 bytes a row and substring, beside the codes.
/// Immutable once built, so that any number of searches may read it.
/// </remarks>
internal sealed unsafe class MultiIndexTable
{
    private readonly NativeBlock[] _offsets;
    private readonly NativeBlock[] _rows;

    public MultiIndexTable(Substring[] parts, NativeBlock[] offsets, NativeBlock[] rows, int count)
    {
        Parts = parts;
        _offsets = offsets;
        _rows = rows;
        Count = count;
    }

    public Substring[] Parts { get; }

    /// <summary>Rows that the table covers.</summary>
    public int Count { get; }

    public long MemoryBytes => _offsets.Sum(block => block.Length) + _rows.Sum(block => block.Length);

    /// <summary>2^length + 1 offsets into <see cref="Rows"/>.</summary>
    public uint* Offsets(int part) => (uint*)_offsets[part].Pointer;

    /// <summary>Rows in the order of their buckets, ascending within one.</summary>
    public uint* Rows(int part) => (uint*)_rows[part].Pointer;

    public NativeBlock OffsetBlock(int part) => _offsets[part];

    public NativeBlock RowBlock(int part) => _rows[part];
}
