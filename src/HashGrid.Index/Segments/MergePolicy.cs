namespace HashGrid.Index.Segments;

/// <summary>Which sealed segments to merge next.</summary>
/// <remarks>
/// Two kinds of work, so that the short one never waits for the long one: segments without structures become one with them, since they are
/// scanned; and four of about one size become one (each row is rewritten once for each factor of four that the index grows, and the number of
/// segments stays logarithmic), or one segment of which a third is removed is rewritten. While nobody writes, all become one: a search walks
/// them one after the other.
/// </remarks>
internal static class MergePolicy
{
    private const int FanIn = 4;

    // Of rows outside of the largest segment, below which a merge of all is not worth it: so each row is rewritten eight times at most by these.
    private const int WorthwhileShare = 8;

    // A merge of all should end before the quiet does: some ten seconds of one core.
    private const long MostQuietRows = 1 << 24;

    /// <summary>The segments to merge into one; empty when all is well.</summary>
    /// <param name="work">Which kind of work.</param>
    /// <param name="segments">The sealed ones.</param>
    /// <param name="openRows">Rows at which a segment is sealed.</param>
    /// <param name="mostRows">Rows that one segment can have.</param>
    /// <param name="isQuiet">Nobody writes now.</param>
    public static Segment[] Choose(MergeWork work, IReadOnlyList<Segment> segments, int openRows, long mostRows, bool isQuiet)
    {
        if (work == MergeWork.Unbuilt) return Fit(segments.Where(segment => !segment.IsBuilt), mostRows);
        Segment[] built = [.. segments.Where(segment => segment.IsBuilt)];
        foreach (IGrouping<int, Segment> tier in built.GroupBy(segment => Tier(segment, openRows)).OrderBy(group => group.Key))
        {
            if (tier.Count() < FanIn) continue;
            Segment[] alike = Fit(tier.Take(FanIn), mostRows);
            if (alike.Length > 1) return alike;
        }
        if (isQuiet && built.Length > 1)
        {
            long all = built.Sum(segment => (long)segment.Count), loose = all - built.Max(segment => segment.Count);
            if (all <= Math.Min(MostQuietRows, mostRows) && loose >= all / WorthwhileShare) return built;
        }
        return [.. built.Where(segment => segment.Removed.Count > segment.Count / 3).Take(1)];
    }

    // Tier 0 is about as large as a segment is when it is sealed, half of that to twice; one sealed before lies below.
    private static int Tier(Segment segment, int openRows) =>
        (int)Math.Round(Math.Log(Math.Max(1, segment.Live) / (double)openRows, FanIn));

    private static Segment[] Fit(IEnumerable<Segment> segments, long mostRows)
    {
        List<Segment> fitting = [];
        long rows = 0;
        foreach (Segment segment in segments)
        {
            if (rows + segment.Count > mostRows) break;
            rows += segment.Count;
            fitting.Add(segment);
        }
        return [.. fitting];
    }
}
