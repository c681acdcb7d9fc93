using System.Numerics;

namespace HashGrid.Index.Planning;

/// <summary>What earlier searches of one segment tell about the next: how far answers reach, and which way was the quickest.</summary>
/// <remarks>
/// To ask what each engine would cost takes a look at the nearest centre and at some hundred buckets: a quarter of a short search, and time lost where one
/// engine always wins. So every way is timed. The quickest on the mean is taken; the others now and then, as codes and queries change, and the more
/// seldom the slower they are: each gets a 64th of all the time spent. Answers never depend on any of this. Threads write
/// side by side without a lock: a lost note is one note of many.
/// </remarks>
internal sealed class SearchHistory
{
    private const int Kinds = 8, Ways = 4, Weight = 16, Outlier = 3, TrialShare = 64;

    /// <summary>The first searches run code that is not compiled to the end yet: they are repeated sooner and forgotten sooner.</summary>
    private const int FirstTimes = 64, FirstWeight = 4, FirstTrialShare = 16;

    private readonly Record[] _records = new Record[2 * Kinds * Ways];
    private readonly double[] _totals = new double[2 * Kinds];
    private readonly float[] _limits = new float[2 * Kinds]; // mean distance of the last neighbour, plus 1; 0: none known

    /// <summary>The way that the next search should take.</summary>
    /// <param name="kind">What is asked for.</param>
    /// <param name="scanTicks">What a scan is thought to take; it is only tried where that is not far more than other ways take.</param>
    public SearchWay Choose(int kind, double scanTicks)
    {
        Span<Record> ways = Of(kind);
        if (ways[(int)SearchWay.Ask].Times == 0) return SearchWay.Ask;
        int best = Best(ways);
        float least = ways[best].Mean;
        for (int way = 0; way < Ways; way++)
        {
            ref Record other = ref ways[way];
            if (way == best || (way == (int)SearchWay.Scan && other.Times == 0 && scanTicks > Outlier * least)) continue;
            int share = other.Times < FirstTimes ? FirstTrialShare : TrialShare;
            if (other.Trials * share < _totals[kind]) return (SearchWay)way;
        }
        return (SearchWay)best;
    }

    /// <summary>Notes how long a search took.</summary>
    public void NoteTime(int kind, SearchWay way, long ticks)
    {
        Span<Record> ways = Of(kind);
        bool isTrial = Best(ways) != (int)way;
        float time = ways[(int)way].Note(Math.Max(ticks, 1));
        _totals[kind] += time;
        if (isTrial) ways[(int)way].Trials += time;
    }

    /// <summary>How far the answer may reach: the mean of those before, and up to two bits for luck; the greatest number if none is known.</summary>
    public int LikelyLimit(int kind) => _limits[kind] > 0 ? (int)Math.Ceiling(_limits[kind]) : int.MaxValue;

    /// <summary>Notes how far a full answer reached.</summary>
    public void NoteLimit(int kind, int limit) => _limits[kind] += _limits[kind] == 0 ? limit + 1 : (limit + 1 - _limits[kind]) / Weight;

    /// <summary>Searches that are alike: by neighbours wanted, in steps of four, or by radius, in steps of four bits.</summary>
    public static int Kind(in Collector answer) => answer.IsRange
        ? Kinds + Math.Clamp(answer.Limit / 4, 0, Kinds - 1)
        : Math.Min(Kinds - 1, BitOperations.Log2((uint)answer.Room | 1) / 2);

    private Span<Record> Of(int kind) => _records.AsSpan(kind * Ways, Ways);

    private static int Best(ReadOnlySpan<Record> ways)
    {
        int best = 0;
        for (int way = 1; way < Ways; way++)
        {
            if (ways[way].Times > 0 && ways[way].Mean < ways[best].Mean) best = way;
        }
        return best;
    }

    private struct Record
    {
        public float Mean;
        public int Times;
        public double Trials; // time of searches that went this way while another was quicker

        /// <summary>Takes a time into the mean; returns what it was taken for, since a thread that lost its core in the middle tells nothing about codes.</summary>
        public float Note(float time)
        {
            if (Times > 0) time = Math.Min(time, Outlier * Mean);
            Mean += Times == 0 ? time : (time - Mean) / (Times < FirstTimes ? FirstWeight : Weight);
            if (Times < FirstTimes) Times++;
            return time;
        }
    }
}
