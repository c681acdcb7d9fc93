namespace HashGrid.Index.Segments;

/// <summary>Which sealed segments to merge next.</summary>
/// <remarks>
/// Two kinds of work, so that the short one never waits for the long one: segments without structures become one with them, since they are
/// scanned; and four of about one size become one (each row is rewritten once for each factor of four that the index grows, and the number of
/// segments stays logarithmic), or one segment of which a third is removed is rewritten.
/// </remarks>
internal static class MergePolicy
{
    private const int FanIn = 4;

    /// <summary>The segments to merge into one; empty when all is well.</summary>
    public static Segment[] Choose(MergeWork work, IReadOnlyList<Segment> segments, int openRows, long mostRows)
    {
        if (work == MergeWork.Unbuilt) return Fit(segments.Where(segment => !segment.IsBuilt), mostRows);
        Segment[] built = [.. segments.Where(segment => segment.IsBuilt)];
        foreach (IGrouping<int, Segment> tier in built.GroupBy(segment => Tier(segment, openRows)).OrderBy(group => group.Key))
        {
            if (tier.Count() < FanIn) continue;
            Segment[] alike = Fit(tier.Take(FanIn), mostRows);
            if (alike.Length > 1) return alike;
        }
        return [.. built.Where(segment => segment.Removed.Count > segment.Count / 3).Take(1)];
    }

    private static int Tier(Segment segment, int openRows) =>
        (int)Math.Max(0, Math.Log(Math.Max(1.0, segment.Live / (double)openRows), FanIn));

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
