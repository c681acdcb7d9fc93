using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.MultiIndex;

/// <summary>Searches one segment by its substrings, nearest buckets first.</summary>
/// <remarks>
/// After all buckets within s flips of the first a + 1 substrings, and within s − 1 of the rest, every code within m·s + a is known
/// (pigeonhole), so the search ends when that reaches the collector's limit. A row is met once for each substring it is near in; whether it
/// was met before is told by the substrings themselves (<see cref="IsRepeat"/>), without a table of rows seen, and asked only for rows near
/// enough to matter.
/// Source: Norouzi, Punjani, Fleet, "Fast exact search in Hamming space with multi-index hashing", TPAMI 2014.
/// </remarks>
internal struct MultiIndexSearch
{
    private const int BatchKeys = 64;
    private const int BatchRows = 256;

    private readonly Segment _segment;
    private readonly MultiIndexTable _table;
    private readonly unsafe ulong* _query;
    private readonly double _bucketRows = -1;
    private int _flips;
    private int _part;

    public unsafe MultiIndexSearch(Segment segment, MultiIndexTable table, ulong* query)
    {
        _segment = segment;
        _table = table;
        _query = query;
        _bucketRows = BucketRows();
    }

    /// <summary>Distance up to which every code has been seen; −1 before the first step.</summary>
    public readonly int Complete => (_flips * _table.Parts.Length) + _part - 1;

    /// <summary>Whether nothing that matters is left.</summary>
    public readonly bool IsDone(in Collector answer) => answer.Limit <= Complete || _flips > _table.Parts[0].Length;

    /// <summary>Looks into all buckets at the present number of flips of the present substring, then moves to the next.</summary>
    public unsafe void Step(ref Collector answer, ref SearchTally tally)
    {
        Substring part = _table.Parts[_part];
        if (_flips <= part.Length) Probe(part, ref answer, ref tally);
        if (++_part == _table.Parts.Length)
        {
            _part = 0;
            _flips++;
        }
    }

    /// <summary>Whether the steps so far have met the row; never, for a search that has not begun.</summary>
    public readonly unsafe bool HasMet(Segment segment, int row) => _table is not null && IsRepeat(segment.Code(row), _flips, _part);

    /// <summary>What it would cost from here until every code within <paramref name="limit"/> is known, in nanoseconds.</summary>
    public readonly double CostUpTo(int limit) => MultiIndexCost.Between(_flips, _part, limit, _table.Parts, BucketRows());

    /// <summary>What the next step costs, in nanoseconds.</summary>
    public readonly double NextCost() => MultiIndexCost.Step(_flips, _table.Parts[_part], BucketRows());

    /// <summary>Rows in a bucket near the query, counted on the buckets within one flip: codes that form clusters crowd there.</summary>
    private readonly unsafe double BucketRows()
    {
        if (_bucketRows >= 0) return _bucketRows;
        double rows = 0, buckets = 0;
        for (int i = 0; i < _table.Parts.Length; i++)
        {
            Substring part = _table.Parts[i];
            uint* offsets = _table.Offsets(i);
            uint center = part.Key(_query);
            for (int bit = -1; bit < part.Length; bit++)
            {
                uint key = bit < 0 ? center : center ^ (1u << bit);
                rows += Math.Max(0.0, (double)offsets[key + 1] - offsets[key]);
                buckets++;
            }
        }
        return rows / buckets;
    }

    private unsafe void Probe(Substring part, ref Collector answer, ref SearchTally tally)
    {
        uint* offsets = _table.Offsets(_part);
        byte* rows = _table.Rows(_part);
        int rowBytes = _table.RowBytes, words = _segment.Words;
        ulong* codes = _segment.Codes, copies = _table.Copies(_part);
        uint center = part.Key(_query), count = (uint)_table.Count, buckets = part.Mask;
        uint* keys = stackalloc uint[BatchKeys];
        uint* found = stackalloc uint[BatchRows];
        int pending = 0;
        ulong flips = (1UL << _flips) - 1; // the smallest pattern with that many bits
        bool isLast = false;
        while (!isLast && answer.Limit >= 0 && !tally.IsCut)
        {
            int batch = 0;
            while (batch < BatchKeys && !isLast)
            {
                uint key = center ^ (uint)flips;
                keys[batch++] = key;
                Prefetch.Line(offsets + key);
                isLast = flips == 0 || !NextPattern(ref flips, buckets);
            }
            tally.Probes += batch;
            if (copies != null)
            {
                VerifyCopies(keys, batch, offsets, rows, copies, ref answer, ref tally);
                continue;
            }
            for (int i = 0; i < batch; i++) Prefetch.Line(rows + ((nuint)offsets[keys[i]] * (uint)rowBytes));
            for (int i = 0; i < batch; i++)
            {
                uint start = offsets[keys[i]], end = offsets[keys[i] + 1];
                if (start > end || end > count) ThrowDamaged();
                for (; start < end; start++)
                {
                    uint row = MultiIndexTable.Row(rows, start, rowBytes);
                    if (row >= count) ThrowDamaged();
                    Prefetch.Line(codes + ((nuint)row * (uint)words));
                    found[pending++] = row;
                    if (pending == BatchRows) Verify(found, ref pending, ref answer, ref tally);
                }
            }
        }
        Verify(found, ref pending, ref answer, ref tally);
    }

    /// <summary>Buckets of the fast form: the codes lie side by side, and the row is looked up only for those near enough.</summary>
    private readonly unsafe void VerifyCopies(
        uint* keys, int batch, uint* offsets, byte* rows, ulong* copies, ref Collector answer, ref SearchTally tally)
    {
        uint count = (uint)_table.Count;
        int words = _segment.Words;
        for (int i = 0; i < batch; i++)
        {
            byte* start = (byte*)(copies + ((nuint)offsets[keys[i]] * (uint)words));
            Prefetch.Line(start);
            Prefetch.Line(start + 64);
        }
        for (int i = 0; i < batch; i++)
        {
            uint start = offsets[keys[i]], end = offsets[keys[i] + 1];
            if (start > end || end > count) ThrowDamaged();
            end = start + (uint)tally.Take(end - start);
            for (; start < end; start++)
            {
                ulong* code = copies + ((nuint)start * (uint)words);
                int distance = ScalarKernel.Distance(_query, code, words);
                if (distance > answer.Limit || IsRepeat(code, _flips, _part)) continue;
                uint row = MultiIndexTable.Row(rows, start, _table.RowBytes);
                if (row >= count) ThrowDamaged();
                answer.Offer(_segment, (int)row, distance);
            }
        }
    }

    private readonly unsafe void Verify(uint* rows, ref int pending, ref Collector answer, ref SearchTally tally)
    {
        int count = (int)tally.Take(pending), words = _segment.Words;
        ulong* codes = _segment.Codes;
        for (int i = 0; i < count; i++)
        {
            ulong* code = codes + ((nuint)rows[i] * (uint)words);
            int distance = ScalarKernel.Distance(_query, code, words);
            if (distance <= answer.Limit && !IsRepeat(code, _flips, _part)) answer.Offer(_segment, (int)rows[i], distance);
        }
        pending = 0;
    }

    /// <summary>Whether a step before (flips, part) meets the code: some substring nearer than flips, or an earlier one exactly as near.</summary>
    private readonly unsafe bool IsRepeat(ulong* code, int flips, int part)
    {
        Substring[] parts = _table.Parts;
        for (int i = 0; i < parts.Length; i++)
        {
            int distance = parts[i].Distance(_query, code);
            if (distance < flips || (distance == flips && i < part)) return true;
        }
        return false;
    }

    /// <summary>The next larger number with as many bits (Gosper); false when it needs bits beyond the mask.</summary>
    private static bool NextPattern(ref ulong pattern, uint mask)
    {
        ulong lowest = pattern & (0 - pattern), carried = pattern + lowest;
        pattern = carried | ((pattern ^ carried) >> (BitOperations.TrailingZeroCount(lowest) + 2));
        return pattern <= mask;
    }

    [DoesNotReturn]
    private static void ThrowDamaged() => throw new IndexFormatException(IndexFormatProblem.Inconsistent, 0,
        "a multi-index table points outside its segment: the file was opened without verification and is damaged; open it with VerifyOnOpen and build it anew");
}
