using System.Numerics;

namespace HashGrid.Index.Segments;

/// <summary>Up to 64 labels a row, one bit each; takes no memory until a row has one.</summary>
/// <remarks>One writer; what it sets is seen by whoever sees the row published.</remarks>
internal sealed unsafe class LabelColumn
{
    private readonly long _capacity;
    private NativeBlock? _block;
    private int[]? _counts;

    /// <param name="capacity">Rows of the segment.</param>
    /// <param name="block">Rows × 8 bytes; null when no row has a label.</param>
    public LabelColumn(int capacity, NativeBlock? block) => (_capacity, _block) = (capacity, block);

    /// <summary>Rows × 8 bytes; null while no row has a label.</summary>
    public NativeBlock? Block => Volatile.Read(ref _block);

    public long MemoryBytes => Block?.Length ?? 0;

    public ulong this[int row] => Block is { } block ? ((ulong*)block.Pointer)[row] : 0;

    /// <summary>Writes the labels of a row. Only by the writer, only before the row is published.</summary>
    public void Set(int row, ulong labels)
    {
        if (_block is null)
        {
            if (labels == 0) return;
            Volatile.Write(ref _block, NativeBlock.AllocateZeroed(_capacity * sizeof(ulong)));
        }
        ((ulong*)_block!.Pointer)[row] = labels;
    }

    /// <summary>No fewer rows than carry one of the labels; for segments that do not change. Counts once, when first asked.</summary>
    public int AtMost(ulong anyOf)
    {
        if (Block is not { } block) return 0;
        int[] counts = Volatile.Read(ref _counts) ?? CountEach((ulong*)block.Pointer);
        long sum = 0;
        for (ulong rest = anyOf; rest != 0; rest &= rest - 1) sum += counts[BitOperations.TrailingZeroCount(rest)];
        return (int)Math.Min(sum, _capacity);
    }

    private int[] CountEach(ulong* labels)
    {
        var counts = new int[64];
        for (long row = 0; row < _capacity; row++)
        {
            for (ulong rest = labels[row]; rest != 0; rest &= rest - 1) counts[BitOperations.TrailingZeroCount(rest)]++;
        }
        Volatile.Write(ref _counts, counts);
        return counts;
    }
}
