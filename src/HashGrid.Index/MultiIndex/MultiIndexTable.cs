using System.Runtime.CompilerServices;
using HashGrid.Index.Segments;

namespace HashGrid.Index.MultiIndex;

/// <summary>For each substring a table from its value to the rows that have it, in CSR form: offsets, then rows in bucket order.</summary>
/// <remarks>
/// A probe is one pair of neighbouring offsets and one sequential run of rows. Where nothing else orders the rows of a segment, they lie in the order of
/// substring 0: its buckets are then runs of codes, read in sequence and without row numbers. A row number takes 3 bytes up to 2^24 rows and 4 above,
/// so 64-bit codes with three substrings take at most 20.5 bytes a code, codes and the order of ids included.
/// Immutable once built, so that any number of searches may read it.
/// </remarks>
internal sealed unsafe class MultiIndexTable
{
    private readonly NativeBlock[] _offsets;
    private readonly NativeBlock?[] _rows;

    private readonly NativeBlock?[]? _copies;

    public MultiIndexTable(Substring[] parts, NativeBlock[] offsets, NativeBlock?[] rows, NativeBlock?[]? copies, int count)
    {
        _copies = copies;
        Parts = parts;
        _offsets = offsets;
        _rows = rows;
        Count = count;
    }

    public Substring[] Parts { get; }

    /// <summary>Rows that the table covers.</summary>
    public int Count { get; }

    /// <summary>Whether the segment's rows lie in the order of substring 0, which then needs no row numbers.</summary>
    public bool IsInOrder => _rows[0] is null;

    public long MemoryBytes => _offsets.Sum(block => block.Length) + _rows.Sum(block => block?.Length ?? 0) + (_copies?.Sum(block => block?.Length ?? 0) ?? 0);

    /// <summary>2^length + 1 offsets into <see cref="Rows"/>.</summary>
    public uint* Offsets(int part) => (uint*)_offsets[part].Pointer;

    /// <summary>Rows in the order of their buckets, ascending within one; <see cref="RowBytes"/> bytes each. Null: a place is a row.</summary>
    public byte* Rows(int part) => _rows[part] is { } block ? block.Pointer : null;

    /// <summary>Bytes a row number, 3 or 4.</summary>
    public int RowBytes => BytesFor(Count);

    /// <summary>The row at <paramref name="place"/>; reads 4 bytes, for which the block has room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Row(byte* rows, uint place, int rowBytes) =>
        rowBytes == 3 ? Unsafe.ReadUnaligned<uint>(rows + (3 * (nuint)place)) & 0xFFFFFF : ((uint*)rows)[place];

    /// <summary>Bytes a row number takes among <paramref name="count"/> rows.</summary>
    public static int BytesFor(int count) => count <= 1 << 24 ? 3 : 4;

    /// <summary>Length of a block of row numbers: one spare byte where they are read four bytes at a time.</summary>
    public static long RowBlockBytes(int count) => BytesFor(count) == 3 ? (3L * count) + 1 : 4L * count;

    /// <summary>Codes in the order of their buckets; null in the compact form, and where the rows are in that order themselves.</summary>
    public ulong* Copies(int part) => _copies?[part] is { } block ? (ulong*)block.Pointer : null;

    public NativeBlock? CopyBlock(int part) => _copies?[part];

    public NativeBlock OffsetBlock(int part) => _offsets[part];

    public NativeBlock? RowBlock(int part) => _rows[part];
}
