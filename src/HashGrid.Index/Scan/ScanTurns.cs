using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Scan;

/// <summary>One scan that several threads work on: each takes the next block of rows until none is left.</summary>
internal sealed unsafe class ScanTurns
{
    private static readonly ScanTurns Only = new(); // the team does one scan at a time

    private Segment? _segment;
    private ulong* _query;
    private int _rows;
    private int _rowsPerTurn;
    private int _next;
    private int _limit;

    public CollectorRules Rules { get; private set; }

    public int Room { get; private set; }

    public int Limit => Volatile.Read(ref _limit);

    public static ScanTurns Begin(Segment segment, int rows, int rowsPerTurn, ulong* query, in Collector answer)
    {
        ScanTurns turns = Only;
        (turns._segment, turns._rows, turns._rowsPerTurn) = (segment, rows, rowsPerTurn);
        turns._query = query;
        (turns._next, turns._limit) = (0, answer.Limit);
        (turns.Rules, turns.Room) = (answer.Rules, answer.Room);
        return turns;
    }

    /// <summary>Takes turns until all rows have been looked at.</summary>
    public void Work(ref Collector answer, ref SearchTally tally)
    {
        while (true)
        {
            long from = (long)(Interlocked.Increment(ref _next) - 1) * _rowsPerTurn;
            if (from >= _rows) return;
            // Each thread profits from the best limit of all: whoever is full has as many rows at least as near.
            answer.Tighten(Limit);
            ScanEngine.Search(_segment!, (int)from, (int)Math.Min(_rows, from + _rowsPerTurn), _query, ref answer, ref tally);
            Lower(answer.Limit);
        }
    }

    /// <summary>Lets go of the segment and the caller's filter.</summary>
    public void Forget() => (_segment, Rules) = (null, default);

    private void Lower(int limit)
    {
        for (int seen = Limit; limit < seen;)
        {
            int before = Interlocked.CompareExchange(ref _limit, limit, seen);
            if (before == seen) return;
            seen = before;
        }
    }
}
