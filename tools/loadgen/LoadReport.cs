using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using HashGrid.Client;

namespace HashGrid.LoadGen;

/// <summary>What a run found, for people and for programs.</summary>
internal sealed record LoadReport(LoadOptions Options, StoreStats Before, StoreStats After, LoadOutcome Outcome)
{
    public IReadOnlyList<OperationReport> Operations => Outcome.Operations;

    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{Name(Options.Scenario)}, {Options.Rate} a second offered for {Options.Seconds} s ({Name(Options.Arrivals)} arrivals, seed {Options.Seed}), {Before.Codes} to {After.Codes} codes of {Before.Model.Bits} bits");
        text.AppendLine("operation         offered/s  achieved/s    p50 ms    p90 ms    p99 ms  p99.9 ms    max ms  errors");
        foreach (OperationReport operation in Operations)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{operation.Name,-15} {operation.OfferedRate,11:F1} {operation.AchievedRate,11:F1} {operation.P50,9:F2} {operation.P90,9:F2} {operation.P99,9:F2} {operation.P999,9:F2} {operation.Max,9:F2}  {operation.Errors.Values.Sum()}");
            foreach ((string cause, long count) in operation.Errors)
                text.AppendLine(CultureInfo.InvariantCulture, $"  {count} × {cause}");
        }
        foreach ((string fact, double value) in Outcome.Facts)
            text.AppendLine(CultureInfo.InvariantCulture, $"{fact.Replace('_', ' ')}: {value:0.###}");
        if (Outcome.Server is { } use)
            text.AppendLine(use.ToText());
        return text.ToString().TrimEnd();
    }

    public string ToJson() => new JsonObject
    {
        ["scenario"] = Name(Options.Scenario),
        ["rate"] = Options.Rate,
        ["seconds"] = Math.Round(Outcome.Seconds, 3),
        ["arrivals"] = Name(Options.Arrivals),
        ["seed"] = Options.Seed,
        ["bits"] = Before.Model.Bits,
        ["codes_before"] = Before.Codes,
        ["codes_after"] = After.Codes,
        ["operations"] = new JsonArray([.. Operations.Select(operation => (JsonNode)new JsonObject
        {
            ["operation"] = operation.Name,
            ["offered"] = operation.Offered,
            ["completed"] = operation.Completed,
            ["offered_per_second"] = Math.Round(operation.OfferedRate, 3),
            ["achieved_per_second"] = Math.Round(operation.AchievedRate, 3),
            ["p50_ms"] = operation.P50,
            ["p90_ms"] = operation.P90,
            ["p99_ms"] = operation.P99,
            ["p99_9_ms"] = operation.P999,
            ["max_ms"] = operation.Max,
            ["errors"] = new JsonObject(operation.Errors.Select(error => KeyValuePair.Create(error.Key, (JsonNode?)error.Value))),
        })]),
        ["facts"] = new JsonObject(Outcome.Facts.Select(fact => KeyValuePair.Create(fact.Key, (JsonNode?)Math.Round(fact.Value, 3)))),
        ["server"] = Outcome.Server?.ToJson(),
    }.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });

    /// <summary>As on the command line: StalledUploads is stalled-uploads.</summary>
    internal static string Name<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
