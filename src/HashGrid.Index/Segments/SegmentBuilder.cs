using HashGrid.Index.Clusters;
using HashGrid.Index.MultiIndex;

namespace HashGrid.Index.Segments;

/// <summary>Makes a sealed segment with its structures from codes and ids.</summary>
internal static unsafe class SegmentBuilder
{
    /// <summary>Below this many rows a scan is over before a structure has been asked.</summary>
    private const int FewestIndexedRows = 4096;

    /// <summary>Takes over the blocks. Rows may be reordered; which id belongs to which code does not change.</summary>
    public static Segment Build(CodeWidth width, int count, NativeBlock codes, IdColumn ids, HammingIndexOptions options)
    {
        IndexStructures wanted = options.Structures;
        if (wanted == IndexStructures.Auto && count < FewestIndexedRows) wanted = IndexStructures.None;
        ClusterTable? clusters = null;
        if (wanted is IndexStructures.Auto or IndexStructures.Clusters or IndexStructures.All)
        {
            bool onlyIfClustered = wanted == IndexStructures.Auto;
            if (ClusterBuilder.Build(width, (ulong*)codes.Pointer, count, onlyIfClustered, options.BuildThreadCount) is var (table, order))
            {
                clusters = table;
                (codes, ids) = Reorder(width.Words, count, codes, ids, order);
            }
        }
        MultiIndexTable? multiIndex = wanted is IndexStructures.None or IndexStructures.Clusters ? null
            : MultiIndexBuilder.Build(
                width, (ulong*)codes.Pointer, count, MultiIndexBuilder.ChooseParts(width.Bits, count), options.CopyCodes, options.BuildThreadCount);
        var segment = new Segment(width.Words, count, count, codes, ids) { MultiIndex = multiIndex, Clusters = clusters, IsBuilt = true };
        GC.KeepAlive(codes);
        return segment;
    }

    private static (NativeBlock Codes, IdColumn Ids) Reorder(int words, int count, NativeBlock codes, IdColumn ids, NativeBlock order)
    {
        NativeBlock moved = NativeBlock.Allocate(codes.Length);
        ulong* from = (ulong*)codes.Pointer, to = (ulong*)moved.Pointer;
        uint* o = (uint*)order.Pointer;
        for (nint row = 0; row < count; row++)
        {
            for (int w = 0; w < words; w++) to[(row * words) + w] = from[((nint)o[row] * words) + w];
        }
        GC.KeepAlive(codes);
        if (ids.Kind == IdKind.Counted) return (moved, IdColumn.CountedInOrder(ids.First, order));
        NativeBlock movedIds = NativeBlock.Allocate((long)count * sizeof(ulong));
        for (nint row = 0; row < count; row++) ((ulong*)movedIds.Pointer)[row] = ids[(int)o[row]];
        GC.KeepAlive(order);
        return (moved, IdColumn.Given(movedIds));
    }
}
