using HashGrid.Model.Attention;
using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Reproduction.Pictures;

/// <summary>The pointing game of one system, by the networks of several splits over many boxes, as rows of a table.</summary>
internal sealed class Localisation
{
    private readonly List<(int Split, string Patient, FindingBox Box, PointingGame Game)> _judged = [];

    public static string[] Head => ["network", "finding", "boxes", "peak in box", "random place in box", "centre in box", "IoU above 1/4, 1/2, 3/4 of the peak"];

    public int Count => _judged.Count;

    /// <param name="split">Whose network looked.</param>
    /// <param name="patient">Whose picture it is.</param>
    /// <param name="box">In that picture.</param>
    /// <param name="map">What the network gave.</param>
    public void Add(int split, string patient, FindingBox box, AttentionMap map) => _judged.Add((split, patient, box, PointingGame.Judge(map, box)));

    /// <summary>Hits less what a random place would hit, box by box.</summary>
    public SplitInterval Lead() => SplitInterval.Of(
        [.. _judged.GroupBy(one => one.Split).OrderBy(group => group.Key).Select(group => group.Select(one => (one.Patient, (one.Game.Hit ? 1 : 0) - one.Box.Area)).ToArray())], Workbench.Asked);

    /// <summary>By finding, then all.</summary>
    public IReadOnlyList<string[]> Rows(string system)
    {
        IEnumerable<(string Name, (FindingBox Box, PointingGame Game)[] Judged)> groups =
            [.. _judged.Select(one => (one.Box, one.Game)).GroupBy(one => one.Box.Finding).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, group.ToArray())), ("all", [.. _judged.Select(one => (one.Box, one.Game))])];
        return [.. groups.Select(group => (string[])
        [
            system,
            group.Name,
            $"{group.Judged.Length}",
            Share(group.Judged.Average(one => one.Game.Hit ? 1.0 : 0)),
            Share(group.Judged.Average(one => one.Box.Area)),
            Share(group.Judged.Average(one => one.Box.Holds(0.5, 0.5) ? 1.0 : 0)),
            string.Join(" / ", PointingGame.Thresholds.Select((_, i) => FormattableString.Invariant($"{group.Judged.Average(one => one.Game.Overlaps[i]):F3}"))),
        ])];
    }

    private static string Share(double value) => FormattableString.Invariant($"{100 * value:F0} %");
}
