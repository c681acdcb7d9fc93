using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.MultiIndex;

/// <summary>Searches one segment by its substrings, cheapest buckets first.</summary>
/// <remarks>
/// After c_i levels of each substring every code within Σ c_i − 1 is known (pigeonhole), so the search ends when that reaches the collector's
/// limit. A row is met once for each substring it is near in; whether it was met before is told by the substrings themselves
/// (<see cref="IsRepeat"/>), without a table of rows seen, and asked only for rows near enough to matter.
/// Source: Norouzi, Punjani, Fleet, "Fast exact search in Hamming space with multi-index hashing", TPAMI 2014; the order of levels is ours.
/// </remarks>
internal struct MultiIndexSearch
{
    private const int BatchKeys = 64;
    private const int BatchRows = 256;

    private readonly Segment _segment;
    private readonly MultiIndexTable _table;
    private readonly unsafe ulong* _query;
    private readonly MultiIndexCost _cost;
    private MultiIndexSteps _steps = new();

    public unsafe MultiIndexSearch(Segment segment, MultiIndexTable table, ulong* query)
    {
        _segment = segment;
        _table = table;
        _query = query;
        _cost = CountRows();
    }

    /// <summary>Distance up to which every code has been seen; −1 before the first step.</summary>
    public readonly int Complete => _steps.Complete(_table.Parts.Length);

    /// <summary>Whether nothing that matters is left.</summary>
    public readonly bool IsDone(in Collector answer) => answer.Limit <= Complete || _steps.First > _table.Parts[0].Length;

    /// <summary>Looks into all buckets of the cheapest level.</summary>
    public void Step(ref Collector answer, ref SearchTally tally)
    {
        (int part, _) = _steps.Next(_table.Parts, _cost);
        if (_steps.Levels(part) <= _table.Parts[part].Length) Probe(part, ref answer, ref tally);
        _steps.Advance(part, _table.Parts.Length);
    }

    /// <summary>What the next step costs, in nanoseconds.</summary>
    public readonly double NextCost => _steps.Next(_table.Parts, _cost).Cost;

    /// <summary>Whether the steps so far have met the row; never, for a search that has not begun.</summary>
    public readonly unsafe bool HasMet(Segment segment, int row) => _table is not null && IsRepeat(segment.Code(row));

    /// <summary>What it would cost from here until every code within <paramref name="limit"/> is known, in nanoseconds.</summary>
    public readonly double CostUpTo(int limit) => _steps.CostUpTo(limit, _table.Parts, _cost);

    /// <summary>Rows in a bucket near the query, counted on the buckets within one flip: codes that form clusters crowd there.</summary>
    private readonly unsafe MultiIndexCost CountRows()
    {
        double first = 0, others = 0, otherBuckets = 0;
        for (int i = 0; i < _table.Parts.Length; i++)
        {
            Substring part = _table.Parts[i];
            uint* offsets = _table.Offsets(i);
            uint center = part.Key(_query);
            double rows = 0;
            for (int bit = -1; bit < part.Length; bit++)
            {
                uint key = bit < 0 ? center : center ^ (1u << bit);
                rows += Math.Max(0.0, (double)offsets[key + 1] - offsets[key]);
            }
            if (i == 0)
            {
                first = rows / (part.Length + 1);
                continue;
            }
            others += rows;
            otherBuckets += part.Length + 1;
        }
        return new MultiIndexCost(first, others / Math.Max(1, otherBuckets), _table.IsInOrder, MultiIndexCost.RowCost(_segment.CodeBlock.Length));
    }

    private readonly unsafe void Probe(int partNumber, ref Collector answer, ref SearchTally tally)
    {
        Substring part = _table.Parts[partNumber];
        uint* offsets = _table.Offsets(partNumber);
        byte* rows = _table.Rows(partNumber);
        int rowBytes = _table.RowBytes, words = _segment.Words;
        ulong* codes = _segment.Codes, copies = _table.Copies(partNumber);
        uint center = part.Key(_query), count = (uint)_table.Count, buckets = part.Mask;
        uint* keys = stackalloc uint[BatchKeys];
        uint* found = stackalloc uint[BatchRows];
        int pending = 0;
        ulong flips = (1UL << _steps.Levels(partNumber)) - 1; // the smallest pattern with that many bits
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
            if (rows == null)
            {
                VerifyRuns(keys, batch, offsets, ref answer, ref tally);
                continue;
            }
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
                if (distance > answer.Limit || IsRepeat(code)) continue;
                uint row = MultiIndexTable.Row(rows, start, _table.RowBytes);
                if (row >= count) ThrowDamaged();
                answer.Offer(_segment, (int)row, distance);
            }
        }
    }

    /// <summary>Buckets of the substring that the rows are sorted by: each is a run of codes, measured a block at a time.</summary>
    [SkipLocalsInit]
    private readonly unsafe void VerifyRuns(uint* keys, int batch, uint* offsets, ref Collector answer, ref SearchTally tally)
    {
        const int RestAhead = 2, FewWords = 16;
        HammingKernel kernel = HammingKernels.Current;
        int words = _segment.Words;
        ulong* codes = _segment.Codes;
        uint count = (uint)_table.Count;
        ushort* distances = stackalloc ushort[BatchRows];
        for (int i = 0; i < batch; i++) PrefetchRun(codes, words, offsets[keys[i]], offsets[keys[i] + 1], 0, 2);
        for (int i = 0; i < batch; i++)
        {
            if (i + RestAhead < batch) PrefetchRun(codes, words, offsets[keys[i + RestAhead]], offsets[keys[i + RestAhead] + 1], 2, 8);
            uint start = offsets[keys[i]], end = offsets[keys[i] + 1];
            if (start > end || end > count) ThrowDamaged();
            end = start + (uint)tally.Take(end - start);
            if ((end - start) * (uint)words <= FewWords)
            {
                for (ulong* code = codes + ((nint)start * words); start < end; start++, code += words)
                {
                    int distance = ScalarKernel.Distance(_query, code, words);
                    if (distance <= answer.Limit && !IsRepeat(code)) answer.Offer(_segment, (int)start, distance);
                }
                continue;
            }
            while (start < end)
            {
                int rows = (int)Math.Min(BatchRows, end - start);
                ulong* block = codes + ((nint)start * words);
                kernel.Distances(new ReadOnlySpan<ulong>(_query, words), new ReadOnlySpan<ulong>(block, rows * words), new Span<ushort>(distances, rows));
                for (int row = LeastValue.FirstWithin(distances, 0, rows, answer.Limit); row < rows; row = LeastValue.FirstWithin(distances, row + 1, rows, answer.Limit))
                {
                    if (!IsRepeat(block + ((nint)row * words))) answer.Offer(_segment, (int)start + row, distances[row]);
                }
                start += (uint)rows;
            }
        }
    }

    /// <summary>Asks for some lines of a run; beyond them the processor goes on by itself.</summary>
    private static unsafe void PrefetchRun(ulong* codes, int words, uint start, uint end, int firstLine, int lines)
    {
        byte* line = (byte*)(codes + ((nint)start * words)) + (64 * firstLine), last = (byte*)(codes + ((nint)Math.Max(start, end) * words));
        for (int i = firstLine; i < lines && line < last; i++, line += 64) Prefetch.Line(line);
    }

    private readonly unsafe void Verify(uint* rows, ref int pending, ref Collector answer, ref SearchTally tally)
    {
        int count = (int)tally.Take(pending), words = _segment.Words;
        ulong* codes = _segment.Codes;
        for (int i = 0; i < count; i++)
        {
            ulong* code = codes + ((nuint)rows[i] * (uint)words);
            int distance = ScalarKernel.Distance(_query, code, words);
            if (distance <= answer.Limit && !IsRepeat(code)) answer.Offer(_segment, (int)rows[i], distance);
        }
        pending = 0;
    }

    /// <summary>Whether a step before met the code: some substring differs by less than its levels that are done.</summary>
    private readonly unsafe bool IsRepeat(ulong* code)
    {
        Substring[] parts = _table.Parts;
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].Distance(_query, code) < _steps.Levels(i)) return true;
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
