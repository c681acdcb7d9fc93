using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Scan;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Clusters;

/// <summary>Searches one segment centre by centre: the nearest, then those that can still hold something, nearest first.</summary>
/// <remarks>
/// With the query at D from a centre and a member at d, their distance is at least |D − d|, so only members with |D − d| up to the collector's
/// limit are looked at: one run of rows, since members are sorted by d. Exact, unlike an inverted file that visits some centres only.
/// Nearly all centres are dropped by their nearest and farthest member, sixteen at a time, before anything is sorted.
/// </remarks>
internal unsafe struct ClusterSearch
{
    private readonly Segment _segment;
    private readonly ClusterTable _table;
    private readonly ulong* _query;
    private readonly ushort* _distances; // of each centre
    private readonly int* _starts; // bits + 2 numbers, for sorting
    private readonly int* _found; // centres that may hold something
    private readonly int* _order; // the same, nearest first
    private readonly int _first;
    private int _count;

    public ClusterSearch(Segment segment, ClusterTable table, ulong* query, ref SearchTally tally)
    {
        _segment = segment;
        _table = table;
        _query = query;
        int count = table.CenterCount, levels = Levels(table);
        _starts = (int*)SearchScratch.Take(((levels + (2L * count)) * sizeof(int)) + (count * sizeof(ushort)));
        _found = _starts + levels;
        _order = _found + count;
        _distances = (ushort*)(_order + count);
        HammingKernels.Current.Distances(
            new ReadOnlySpan<ulong>(query, table.Width.Words), table.Centers, new Span<ushort>(_distances, count));
        _first = LeastValue.IndexIn(new ReadOnlySpan<ushort>(_distances, count));
        tally.Probes += count;
    }

    /// <summary>Looks at the rows of the nearest centre, which makes the limit small; returns the rows looked at.</summary>
    public readonly (int From, int To) VisitNearest(ref Collector answer, ref SearchTally tally)
    {
        int distance = _distances[_first];
        (int from, int to) = _table.Window(_first, distance - answer.Limit, distance + answer.Limit);
        ScanEngine.Search(_segment, from, to, _query, ref answer, ref tally);
        return (from, to);
    }

    /// <summary>Lists the centres that can hold something within the limit, and sorts them.</summary>
    public void FindNear(int limit)
    {
        int found = _table.FindNear(_distances, limit, _found), levels = Levels(_table);
        _count = 0;
        new Span<int>(_starts, levels).Clear();
        for (int i = 0; i < found; i++) _starts[_distances[_found[i]] + 1]++;
        for (int i = 1; i < levels; i++) _starts[i] += _starts[i - 1];
        for (int i = 0; i < found; i++) _order[_starts[_distances[_found[i]]]++] = _found[i];
        _count = found;
    }

    /// <summary>Rows and centres that <see cref="Finish"/> would look at if the limit stayed; counted, on a sample if there are many.</summary>
    public readonly (double Rows, double Centers) CountRest(int limit)
    {
        const int MostAsked = 256;
        int stride = Math.Max(1, _count / MostAsked);
        long rows = 0;
        for (int i = 0; i < _count; i += stride)
        {
            int center = _order[i], distance = _distances[center];
            (int from, int to) = _table.Window(center, distance - limit, distance + limit);
            if (center != _first) rows += to - from;
        }
        return ((double)rows * stride, _count);
    }

    /// <summary>Looks at what is left.</summary>
    /// <remarks>
    /// A window is some fifty rows, so waiting for its memory would cost more than looking at it: where its rows begin is asked for sixteen centres
    /// ahead, the rows themselves eight ahead.
    /// </remarks>
    public readonly void Finish(ref Collector answer, ref SearchTally tally)
    {
        const int StartsAhead = 16, RowsAhead = 8;
        for (int i = 0; i < _count && answer.Limit >= 0 && !tally.IsCut; i++)
        {
            int limit = answer.Limit;
            if (i + StartsAhead < _count) _table.PrefetchWindow(_order[i + StartsAhead], _distances[_order[i + StartsAhead]] - limit);
            if (i + RowsAhead < _count) PrefetchRows(_order[i + RowsAhead], limit);
            int center = _order[i], distance = _distances[center];
            if (center == _first || !_table.MayHold(center, distance, limit)) continue;
            (int from, int to) = _table.Window(center, distance - limit, distance + limit);
            if (from >= to) continue;
            tally.Probes++;
            ScanEngine.Search(_segment, from, to, _query, ref answer, ref tally);
        }
    }

    /// <summary>By words, not bits: the centres of a crafted file may have spare bits set.</summary>
    private static int Levels(ClusterTable table) => (table.Width.Words * 64) + 2;

    private readonly void PrefetchRows(int center, int limit)
    {
        int distance = _distances[center];
        if (!_table.MayHold(center, distance, limit)) return;
        (int from, int to) = _table.Window(center, distance - limit, distance + limit);
        byte* first = (byte*)_segment.Code(from), last = (byte*)_segment.Code(to);
        for (byte* line = first; line < last && line < first + 1024; line += 64) Prefetch.Line(line);
    }
}
