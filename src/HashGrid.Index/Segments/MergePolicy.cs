namespace HashGrid.Index.Segments;

/// <summary>Which sealed segments to merge next.</summary>
/// <remarks>
/// Segments without structures first, since they are scanned. Then four of about one size: each row is rewritten once for each factor of four
/// that the index grows, and the number of segments stays logarithmic. Then a segment of which a third is removed.
/// </remarks>
internal static class MergePolicy
{
    private const int FanIn = 4;

    /// <summary>The segments to merge into one; empty when all is well.</summary>
    public static Segment[] Choose(IReadOnlyList<Segment> segments, int openRows, long mostRows)
    {
        Segment[] raw = Fit(segments.Where(segment => !segment.IsBuilt), mostRows);
        if (raw.Length > 0) return raw;
        foreach (IGrouping<int, Segment> tier in segments.GroupBy(segment => Tier(segment, openRows)).OrderBy(group => group.Key))
        {
            if (tier.Count() < FanIn) continue;
            Segment[] alike = Fit(tier.Take(FanIn), mostRows);
            if (alike.Length > 1) return alike;
        }
        return [.. segments.Where(segment => segment.Removed.Count > segment.Count / 3).Take(1)];
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
