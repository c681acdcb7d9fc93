namespace HashGrid.Index.Segments;

/// <summary>The id of each row: given one by one, or counted from a first id, with the rows in order or in a stated order.</summary>
/// <remarks>Counted ids cost no memory, which is why a bulk build without ids is about half the size.</remarks>
internal readonly unsafe struct IdColumn
{
    private readonly ulong* _ids;
    private readonly uint* _order;

    private IdColumn(IdKind kind, ulong first, NativeBlock? block)
    {
        Kind = kind;
        First = first;
        Block = block;
        _ids = kind == IdKind.Given ? (ulong*)block!.Pointer : null;
        _order = kind == IdKind.CountedInOrder ? (uint*)block!.Pointer : null;
    }

    public IdKind Kind { get; }

    /// <summary>The smallest id when ids are counted.</summary>
    public ulong First { get; }

    public NativeBlock? Block { get; }

    public long MemoryBytes => Block?.Length ?? 0;

    public ulong this[int row] => _ids != null ? _ids[row] : First + (_order != null ? _order[row] : (uint)row);

    /// <summary>id = first + row.</summary>
    public static IdColumn Counted(ulong first) => new(IdKind.Counted, first, null);

    /// <summary>id = first + order[row]; the block holds 32-bit numbers.</summary>
    public static IdColumn CountedInOrder(ulong first, NativeBlock order) => new(IdKind.CountedInOrder, first, order);

    /// <summary>id = ids[row]; the block holds 64-bit ids.</summary>
    public static IdColumn Given(NativeBlock ids) => new(IdKind.Given, 0, ids);

    /// <summary>Writes the id of a row. Only for given ids, only by the writer, only before the row is published.</summary>
    public void Set(int row, ulong id) => _ids[row] = id;
}
