using System.Globalization;
using System.Text.Json;

namespace HashGrid.LoadGen.Crash;

/// <summary>What a crash loop did and found.</summary>
/// <param name="Rounds">Kills in the middle of ingest, each followed by a start and a comparison.</param>
/// <param name="EarlyKills">Kills while a server was starting.</param>
/// <param name="Acknowledged">Items and removes that were acknowledged.</param>
/// <param name="Ids">Codes that the store holds at the end.</param>
/// <param name="StartSeconds">Median from launch to listening.</param>
/// <param name="Violations">What should not be; empty in a store that keeps its word.</param>
internal sealed record CrashReport(int Rounds, int EarlyKills, long Acknowledged, long Ids, double StartSeconds, IReadOnlyList<string> Violations)
{
    public string ToJson() => JsonSerializer.Serialize(new
    {
        rounds = Rounds,
        early_kills = EarlyKills,
        acknowledged = Acknowledged,
        codes = Ids,
        median_start_seconds = Math.Round(StartSeconds, 3),
        violations = Violations,
    });

    public string ToText() => string.Join('\n', [
        .. Violations.Take(20).Select(violation => "VIOLATION: " + violation),
        string.Create(CultureInfo.InvariantCulture, $"{Rounds} kills in mid-ingest and {EarlyKills} during starts; {Acknowledged} acknowledgements, {Ids} codes held; median start {StartSeconds:F2} s; {Violations.Count} violations"),
    ]);
}
