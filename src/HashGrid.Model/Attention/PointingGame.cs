namespace HashGrid.Model.Attention;

/// <summary>How well an attention map points at a box that no training has seen.</summary>
/// <param name="Hit">The map's largest value, enlarged to 224 × 224, lies in the box.</param>
/// <param name="Overlaps">Intersection over union of the box and what exceeds each of <see cref="Thresholds"/>; 0 where no value is positive.</param>
/// <remarks>Source: Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016.</remarks>
public sealed record PointingGame(bool Hit, double[] Overlaps)
{
    private const int Side = 224;

    /// <summary>Shares of the map's largest value above which a place counts as marked.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = [0.25, 0.5, 0.75];

    /// <summary>Judges one map by one box.</summary>
    public static PointingGame Judge(AttentionMap map, FindingBox box)
    {
        float[] values = map.Resize(Side, Side);
        float most = values.Max();
        int peak = Array.IndexOf(values, most);
        return new PointingGame(Inside(box, peak), [.. Thresholds.Select(threshold => most > 0 ? Overlap(box, values, threshold * most) : 0)]);
    }

    private static double Overlap(FindingBox box, float[] values, double threshold)
    {
        int both = 0, either = 0;
        for (int i = 0; i < values.Length; i++)
        {
            bool marked = values[i] >= threshold, inside = Inside(box, i);
            both += marked && inside ? 1 : 0;
            either += marked || inside ? 1 : 0;
        }
        return (double)both / either;
    }

    private static bool Inside(FindingBox box, int place) => box.Holds(((place % Side) + 0.5) / Side, ((place / Side) + 0.5) / Side);
}
