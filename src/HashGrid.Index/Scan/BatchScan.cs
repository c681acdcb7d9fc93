using System.Numerics;
using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Scan;

/// <summary>Scans for many queries at once: each block of codes is read from memory once and meets all of them in cache.</summary>
/// <remarks>One thread. Where <see cref="SixBitBlock"/> runs, a block is laid out once and compared 64 codes a look; elsewhere kernels run block by block.</remarks>
internal sealed unsafe class BatchScan
{
    /// <summary>So that a laid-out block of 64-bit codes (704 bytes for 64) stays in the first-level cache.</summary>
    private const int LaidOutRows = 2048;

    private const int PlainBytes = 128 << 10;

    private readonly int _words;
    private readonly int _k;
    private readonly ulong* _queries;
    private readonly Neighbor* _answers;
    private readonly CollectorRules _rules;
    private readonly SixBitBlock? _block;
    private readonly NativeBlock? _tables;

    /// <param name="words">Words a code.</param>
    /// <param name="queries">All queries of the batch.</param>
    /// <param name="answers">k places for each of them.</param>
    /// <param name="k">Neighbours wanted.</param>
    /// <param name="slots">The queries to scan for.</param>
    /// <param name="rules">Which rows may be in an answer.</param>
    public BatchScan(int words, ulong* queries, Neighbor* answers, int k, ReadOnlySpan<QuerySlot> slots, CollectorRules rules)
    {
        _words = words;
        _queries = queries;
        _answers = answers;
        _k = k;
        _rules = rules;
        // A layout costs about two scans: it needs a few queries to pay.
        _block = slots.Length >= 4 ? SixBitBlock.TryCreate(words, LaidOutRows) : null;
        if (_block is null) return;
        int bytes = SixBitBlock.TableBytes(words);
        _tables = NativeBlock.Allocate((long)slots.Length * bytes);
        for (int i = 0; i < slots.Length; i++)
        {
            SixBitBlock.MakeTables(queries + ((nint)slots[i].Query * words), words, _tables.Pointer + ((nint)i * bytes));
        }
    }

    /// <summary>Offers the first <paramref name="rows"/> rows of a segment to every query.</summary>
    public void Search(Segment segment, int rows, Span<QuerySlot> slots, ref SearchTally tally)
    {
        int step = _block is not null ? LaidOutRows : Math.Max(1, PlainBytes / (_words * sizeof(ulong)));
        for (int from = 0; from < rows; from = (int)Math.Min(rows, (long)from + step))
        {
            int to = (int)Math.Min(rows, (long)from + step);
            if (_block is not null) SearchLaidOut(segment, from, to, slots, ref tally);
            else SearchPlain(segment, from, to, slots, ref tally);
        }
        GC.KeepAlive(_tables);
    }

    /// <summary>The collector of one query, as it stands.</summary>
    public Collector Resume(in QuerySlot slot) => new(new Span<Neighbor>(_answers + ((nint)slot.Query * _k), _k), slot.Count, slot.Limit, _rules);

    private void SearchPlain(Segment segment, int from, int to, Span<QuerySlot> slots, ref SearchTally tally)
    {
        foreach (ref QuerySlot slot in slots)
        {
            Collector answer = Resume(slot);
            ScanEngine.Search(segment, from, to, _queries + ((nint)slot.Query * _words), ref answer, ref tally);
            (slot.Count, slot.Limit) = (answer.Count, answer.Limit);
        }
    }

    private void SearchLaidOut(Segment segment, int from, int to, Span<QuerySlot> slots, ref SearchTally tally)
    {
        SixBitBlock block = _block!;
        block.Fill(segment.Code(from), to - from);
        int groups = SixBitBlock.Groups(to - from), bytes = SixBitBlock.TableBytes(_words);
        tally.Candidates += (long)(to - from) * slots.Length;
        for (int i = 0; i < slots.Length; i++)
        {
            byte* tables = _tables!.Pointer + ((nint)i * bytes);
            ref QuerySlot slot = ref slots[i];
            int group = block.FirstWithin(tables, 0, slot.Limit, out ulong hits);
            if (group == groups) continue;
            Collector answer = Resume(slot);
            ulong* query = _queries + ((nint)slot.Query * _words);
            while (group < groups)
            {
                for (; hits != 0; hits &= hits - 1)
                {
                    int row = from + (group * 64) + BitOperations.TrailingZeroCount(hits);
                    answer.Offer(segment, row, ScalarKernel.Distance(query, segment.Code(row), _words));
                }
                group = block.FirstWithin(tables, group + 1, answer.Limit, out hits);
            }
            (slot.Count, slot.Limit) = (answer.Count, answer.Limit);
        }
    }
}
