using HashGrid.Index.Clusters;
using HashGrid.Index.Kernels;
using HashGrid.Index.MultiIndex;

namespace HashGrid.Index.Segments;

/// <summary>Makes a sealed segment with its structures from codes and ids.</summary>
internal static unsafe class SegmentBuilder
{
    /// <summary>Below this many rows a scan is over before a structure has been asked.</summary>
    private const int FewestIndexedRows = 4096;

    /// <summary>Share of the machine's memory up to which a second copy of the rows is made; beyond it they are moved within their own, ten times slower.</summary>
    private const double MostOfMemory = 0.85;

    /// <summary>Takes over the blocks. Rows may be reordered; which id belongs to which code does not change.</summary>
    public static Segment Build(
        CodeWidth width, int count, NativeBlock codes, IdColumn ids, NativeBlock? labels, HammingIndexOptions options, BuildReporter? progress = null)
    {
        IndexStructures wanted = options.Structures;
        long labelBytes = labels?.Length ?? 0;
        if (wanted == IndexStructures.Auto && count < FewestIndexedRows) wanted = IndexStructures.None;
        ClusterTable? clusters = null;
        if (wanted is IndexStructures.Auto or IndexStructures.Clusters or IndexStructures.All && options.Fits(codes.Length + ids.MemoryBytes + labelBytes + (4L * count)))
        {
            bool onlyIfClustered = wanted == IndexStructures.Auto;
            if (ClusterBuilder.Build(width, (ulong*)codes.Pointer, count, onlyIfClustered, options.BuildThreadCount, progress) is var (table, order))
            {
                clusters = table;
                (codes, ids, labels) = Reorder(width.Words, count, codes, ids, labels, order);
            }
        }
        MultiIndexTable? multiIndex = null;
        if (wanted is IndexStructures.Auto or IndexStructures.MultiIndex or IndexStructures.All)
        {
            int parts = MultiIndexBuilder.ChooseParts(width.Bits, count);
            bool isInOrder = clusters is null; // clusters have an order of their own
            long idBytes = isInOrder && ids.Kind == IdKind.Counted ? IdColumn.OrderBytes(count) : ids.MemoryBytes;
            long bytes = codes.Length + idBytes + labelBytes + (clusters?.MemoryBytes ?? 0) + MultiIndexBuilder.Bytes(width, count, parts, isInOrder);
            bool copies = options.CopyCodes && options.Fits(bytes + (codes.Length * (parts - (isInOrder ? 1 : 0))));
            if (options.Fits(bytes))
            {
                if (isInOrder)
                {
                    progress?.Begin(BuildStage.Rows, 0);
                    (codes, ids, labels) = Sort(width, count, codes, ids, labels, parts);
                }
                multiIndex = MultiIndexBuilder.Build(width, (ulong*)codes.Pointer, count, parts, isInOrder, copies, options.BuildThreadCount, progress);
            }
        }
        var segment = new Segment(width.Words, count, count, codes, ids, labels) { MultiIndex = multiIndex, Clusters = clusters, IsBuilt = true };
        GC.KeepAlive(codes);
        return segment;
    }

    /// <summary>Rows in the order of the first substring.</summary>
    private static (NativeBlock Codes, IdColumn Ids, NativeBlock? Labels) Sort(
        CodeWidth width, int count, NativeBlock codes, IdColumn ids, NativeBlock? labels, int parts)
    {
        if (ids.Kind != IdKind.Counted || labels is not null || !HasRoomForTwo(codes, count))
            return Reorder(width.Words, count, codes, ids, labels, MultiIndexBuilder.OrderByFirst(width, (ulong*)codes.Pointer, count, parts));
        (NativeBlock moved, NativeBlock order) = MultiIndexBuilder.SortByFirst(width, (ulong*)codes.Pointer, count, parts);
        codes.Free();
        return (moved, IdColumn.CountedInOrder(ids.First, order, count), null);
    }

    private static bool HasRoomForTwo(NativeBlock rows, int count) =>
        (2 * rows.Length) + (sizeof(uint) * (long)count) <= MostOfMemory * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static (NativeBlock Codes, IdColumn Ids, NativeBlock? Labels) Reorder(
        int words, int count, NativeBlock codes, IdColumn ids, NativeBlock? labels, NativeBlock order)
    {
        uint* o = (uint*)order.Pointer;
        NativeBlock moved = Move(codes, words, count, o);
        if (labels is not null) labels = Move(labels, 1, count, o);
        if (ids.Kind == IdKind.Counted) return (moved, IdColumn.CountedInOrder(ids.First, IdColumn.Shorten(order, count), count), labels);
        NativeBlock movedIds = Move(ids.Block!, 1, count, o);
        order.Free();
        return (moved, IdColumn.Given(movedIds), labels);
    }

    /// <summary>Row i of the result is row order[i]. The block given is used up.</summary>
    private static NativeBlock Move(NativeBlock block, int words, int count, uint* order)
    {
        const int Ahead = 32;
        if (!HasRoomForTwo(block, count))
        {
            MoveInPlace((ulong*)block.Pointer, words, count, order);
            return block;
        }
        NativeBlock moved = NativeBlock.Allocate(block.Length);
        ulong* from = (ulong*)block.Pointer, to = (ulong*)moved.Pointer;
        for (nint row = 0; row < count; row++)
        {
            if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
            if (row + Ahead < count) Prefetch.Line(from + ((nint)order[row + Ahead] * words));
            for (int w = 0; w < words; w++) to[(row * words) + w] = from[((nint)order[row] * words) + w];
        }
        block.Free();
        return moved;
    }

    /// <summary>The same without a second block: each cycle of the permutation in turn, one bit a row to know which are done.</summary>
    internal static void MoveInPlace(ulong* rows, int words, int count, uint* order)
    {
        NativeBlock done = NativeBlock.AllocateZeroed(((long)count + 7) / 8);
        byte* bits = done.Pointer;
        ulong* first = stackalloc ulong[words];
        for (nint start = 0; start < count; start++)
        {
            if ((start & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
            if ((bits[start >> 3] >> (int)(start & 7) & 1) != 0) continue;
            Copy(rows + (start * words), first);
            nint row = start;
            while (true)
            {
                bits[row >> 3] |= (byte)(1 << (int)(row & 7));
                nint next = (nint)order[row];
                if (next == start) break;
                Copy(rows + (next * words), rows + (row * words));
                row = next;
            }
            Copy(first, rows + (row * words));
        }
        done.Free();

        void Copy(ulong* from, ulong* to)
        {
            for (int w = 0; w < words; w++) to[w] = from[w];
        }
    }
}
