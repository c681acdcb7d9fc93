using HashGrid.Index.MultiIndex;

namespace HashGrid.Index.Segments;

/// <summary>The id of each row: given one by one, or counted from a first id, with the rows in order or in a stated order.</summary>
/// <remarks>Counted ids cost no memory, which is why a bulk build without ids is about half the size.</remarks>
internal readonly unsafe struct IdColumn
{
    private readonly ulong* _ids;
    private readonly byte* _order;
    private readonly int _orderBytes;

    private IdColumn(IdKind kind, ulong first, NativeBlock? block, int orderBytes = 0)
    {
        _orderBytes = orderBytes;
        Kind = kind;
        First = first;
        Block = block;
        _ids = kind == IdKind.Given ? (ulong*)block!.Pointer : null;
        _order = kind == IdKind.CountedInOrder ? block!.Pointer : null;
    }

    public IdKind Kind { get; }

    /// <summary>The smallest id when ids are counted.</summary>
    public ulong First { get; }

    public NativeBlock? Block { get; }

    public long MemoryBytes => Block?.Length ?? 0;

    public ulong this[int row] => _ids != null ? _ids[row] : First + (_order != null ? MultiIndexTable.Row(_order, (uint)row, _orderBytes) : (uint)row);

    /// <summary>id = first + row.</summary>
    public static IdColumn Counted(ulong first) => new(IdKind.Counted, first, null);

    /// <summary>id = first + order[row]; the block holds numbers of 3 bytes up to 2^24 rows, of 4 above, as a multi-index does.</summary>
    public static IdColumn CountedInOrder(ulong first, NativeBlock order, int rows) => new(IdKind.CountedInOrder, first, order, MultiIndexTable.BytesFor(rows));

    /// <summary>Length of the block of an order.</summary>
    public static long OrderBytes(int rows) => MultiIndexTable.RowBlockBytes(rows);

    /// <summary>An order of 32-bit numbers in the form that <see cref="CountedInOrder"/> takes. The block given is used up.</summary>
    public static NativeBlock Shorten(NativeBlock order, int rows)
    {
        if (MultiIndexTable.BytesFor(rows) == sizeof(uint)) return order;
        NativeBlock shorter = NativeBlock.AllocateZeroed(OrderBytes(rows));
        uint* from = (uint*)order.Pointer;
        byte* to = shorter.Pointer;
        for (int row = 0; row < rows; row++, to += 3)
        {
            *(ushort*)to = (ushort)from[row];
            to[2] = (byte)(from[row] >> 16);
        }
        order.Free();
        return shorter;
    }

    /// <summary>id = ids[row]; the block holds 64-bit ids.</summary>
    public static IdColumn Given(NativeBlock ids) => new(IdKind.Given, 0, ids);

    /// <summary>Writes the id of a row. Only for given ids, only by the writer, only before the row is published.</summary>
    public void Set(int row, ulong id) => _ids[row] = id;
}
