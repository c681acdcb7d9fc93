using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Scan;

/// <summary>Threads that wait for a part of a scan, so that one query can use several cores without starting any.</summary>
/// <remarks>
/// One scan at a time: who finds the team busy scans alone, since then other queries use the cores already. Threads are started when first
/// needed, live as long as the process, and sleep when there is nothing to do.
/// </remarks>
internal static unsafe class ScanTeam
{
    private static readonly Lock Busy = new();
    private static ScanMate[] _mates = [];

    /// <summary>Below this many words a thread is not worth waking: 2M words take half a millisecond alone. Lowered by tests.</summary>
    internal static int WordsPerThread { get; set; } = 1 << 20;

    /// <summary>Rows that a thread takes at a time. Lowered by tests.</summary>
    internal static int RowsPerTurn { get; set; } = 1 << 16;

    /// <summary>How many threads a scan of <paramref name="rows"/> rows can use.</summary>
    public static int UsefulThreads(Segment segment, int rows) => (int)Math.Clamp((long)rows * segment.Words / WordsPerThread, 1, 256);

    /// <summary>Offers every row that is near enough, looked at by up to <paramref name="threads"/> threads.</summary>
    public static void Search(Segment segment, int rows, ulong* query, int threads, ref Collector answer, ref SearchTally tally)
    {
        // A filter may itself search: the thread that has the team must not take it twice.
        if (Busy.IsHeldByCurrentThread || !Busy.TryEnter())
        {
            ScanEngine.Search(segment, 0, rows, query, ref answer, ref tally);
            return;
        }
        try
        {
            while (_mates.Length < threads - 1) _mates = [.. _mates, new ScanMate()];
            ScanTurns turns = ScanTurns.Begin(segment, rows, RowsPerTurn, query, answer);
            for (int i = 0; i < threads - 1; i++) _mates[i].Begin(turns);
            try
            {
                turns.Work(ref answer, ref tally);
            }
            finally
            {
                // The mates use the query's memory: they have to be done even if the caller's filter threw.
                for (int i = 0; i < threads - 1; i++) _mates[i].Wait();
            }
            for (int i = 0; i < threads - 1; i++) _mates[i].AddTo(ref answer, ref tally);
            turns.Forget();
        }
        finally
        {
            Busy.Exit();
        }
    }
}
