using System.Numerics;
using System.Runtime.Intrinsics;
using HashGrid.Index.Kernels;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Clusters;

/// <summary>Centres, and for each where its members at each distance begin. Rows are sorted by (centre, distance to it).</summary>
/// <remarks>Immutable once built. Costs centres × (words × 8 + (bits + 1) × 4) bytes beside the rows.</remarks>
internal sealed unsafe class ClusterTable
{
    private readonly ushort[] _nearest;
    private readonly ushort[] _farthest;

    /// <param name="width">Width of the codes.</param>
    /// <param name="centers">Centres × words words.</param>
    /// <param name="starts">Centres × (bits + 1) + 1 row numbers, never falling, from 0 to <paramref name="count"/>.</param>
    /// <param name="count">Rows covered.</param>
    public ClusterTable(CodeWidth width, NativeBlock centers, NativeBlock starts, int count)
    {
        Width = width;
        CenterBlock = centers;
        StartBlock = starts;
        Count = count;
        CenterCount = (int)(centers.Length / width.Bytes);
        _nearest = new ushort[CenterCount];
        _farthest = new ushort[CenterCount];
        Spread();
    }

    public CodeWidth Width { get; }

    public NativeBlock CenterBlock { get; }

    public NativeBlock StartBlock { get; }

    public int CenterCount { get; }

    /// <summary>Rows that the table covers.</summary>
    public int Count { get; }

    /// <summary>Whether <see cref="StartBlock"/> is what it should be; false only for a damaged or crafted file.</summary>
    public bool IsConsistent { get; private set; }

    public long MemoryBytes => CenterBlock.Length + StartBlock.Length + (CenterCount * 2L * sizeof(ushort));

    public ReadOnlySpan<ulong> Centers => new(CenterBlock.Pointer, CenterCount * Width.Words);

    /// <summary>Rows from .. to of a centre whose distance to it is at least <paramref name="low"/> and at most <paramref name="high"/>.</summary>
    public (int From, int To) Window(int center, int low, int high)
    {
        uint* starts = (uint*)StartBlock.Pointer + ((nint)center * (Width.Bits + 1));
        return ((int)starts[Math.Clamp(low, 0, Width.Bits)], (int)starts[Math.Min(high, Width.Bits) + 1]);
    }

    /// <summary>Asks for what <see cref="Window"/> will read.</summary>
    public void PrefetchWindow(int center, int low) =>
        Prefetch.Line((uint*)StartBlock.Pointer + ((nint)center * (Width.Bits + 1)) + Math.Clamp(low, 0, Width.Bits));

    /// <summary>Writes the centres that can have a member within <paramref name="limit"/> of the query; returns how many.</summary>
    /// <param name="distances">Distance of the query from each centre.</param>
    /// <param name="limit">In bits.</param>
    /// <param name="centers">Room for all centres.</param>
    public int FindNear(ushort* distances, int limit, int* centers)
    {
        int found = 0, center = 0;
        Vector256<ushort> most = Vector256.Create((ushort)limit);
        fixed (ushort* nearest = _nearest, farthest = _farthest)
        {
            for (; center + Vector256<ushort>.Count <= CenterCount; center += Vector256<ushort>.Count)
            {
                Vector256<ushort> distance = Vector256.Load(distances + center);
                Vector256<ushort> beyond = Vector256.SubtractSaturate(distance, Vector256.Load(farthest + center));
                Vector256<ushort> before = Vector256.SubtractSaturate(Vector256.Load(nearest + center), distance);
                uint hits = Vector256.LessThanOrEqual(Vector256.Max(beyond, before), most).ExtractMostSignificantBits();
                for (; hits != 0; hits &= hits - 1) centers[found++] = center + BitOperations.TrailingZeroCount(hits);
            }
            for (; center < CenterCount; center++)
            {
                if (distances[center] - farthest[center] <= limit && nearest[center] - distances[center] <= limit) centers[found++] = center;
            }
        }
        return found;
    }

    /// <summary>Whether a query at <paramref name="distance"/> from the centre can have a member within <paramref name="limit"/>.</summary>
    public bool MayHold(int center, int distance, int limit) =>
        distance - _farthest[center] <= limit && _nearest[center] - distance <= limit;

    private void Spread()
    {
        uint* starts = (uint*)StartBlock.Pointer;
        uint previous = 0;
        bool isOrdered = starts[0] == 0;
        for (int center = 0; center < CenterCount; center++)
        {
            // An empty centre keeps nearest = 65535, and so never may hold anything.
            _nearest[center] = ushort.MaxValue;
            for (int distance = 0; distance <= Width.Bits; distance++)
            {
                uint from = *starts, to = *++starts;
                isOrdered &= from >= previous && to >= from;
                previous = from;
                if (from == to) continue;
                if (_nearest[center] == ushort.MaxValue) _nearest[center] = (ushort)distance;
                _farthest[center] = (ushort)distance;
            }
        }
        IsConsistent = isOrdered && *starts == Count;
    }
}
