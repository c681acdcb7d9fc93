using HashGrid.Model.Attention;
using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Reproduction.Pictures;

/// <summary>The pointing game of one system over many boxes, as rows of a table.</summary>
internal sealed class Localisation
{
    private readonly List<(FindingBox Box, PointingGame Game)> _judged = [];

    public static string[] Head => ["network", "finding", "boxes", "peak in box", "random place in box", "centre in box", "IoU above 1/4, 1/2, 3/4 of the peak"];

    public int Count => _judged.Count;

    public void Add(FindingBox box, AttentionMap map) => _judged.Add((box, PointingGame.Judge(map, box)));

    /// <summary>Hits less what a random place would hit, with its interval over pictures.</summary>
    public PatientInterval Lead() => PatientInterval.Of(_judged.Select(one => (one.Box.Picture, (one.Game.Hit ? 1 : 0) - one.Box.Area)));

    /// <summary>By finding, then all.</summary>
    public IReadOnlyList<string[]> Rows(string system)
    {
        IEnumerable<(string Name, (FindingBox Box, PointingGame Game)[] Judged)> groups =
            [.. _judged.GroupBy(one => one.Box.Finding).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, group.ToArray())), ("all", [.. _judged])];
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
