using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using HashGrid.Client;

namespace HashGrid.LoadGen;

/// <summary>What a run found, for people and for programs.</summary>
internal sealed record LoadReport(LoadOptions Options, StoreStats Before, StoreStats After, double Seconds, IReadOnlyList<OperationReport> Operations)
{
    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{Options.Scenario}, {Options.Rate} a second offered for {Options.Seconds} s ({(Options.Poisson ? "poisson" : "constant")} arrivals, seed {Options.Seed}), {Before.Codes} to {After.Codes} codes of {Before.Model.Bits} bits");
        text.AppendLine("operation   offered/s  achieved/s    p50 ms    p90 ms    p99 ms  p99.9 ms    max ms  errors");
        foreach (OperationReport operation in Operations)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{operation.Name,-9} {operation.OfferedRate,11:F1} {operation.AchievedRate,11:F1} {operation.P50,9:F2} {operation.P90,9:F2} {operation.P99,9:F2} {operation.P999,9:F2} {operation.Max,9:F2}  {operation.Errors.Values.Sum()}");
            foreach ((string cause, long count) in operation.Errors)
                text.AppendLine(CultureInfo.InvariantCulture, $"  {count} × {cause}");
        }
        return text.ToString().TrimEnd();
    }

    public string ToJson() => new JsonObject
    {
        ["scenario"] = Options.Scenario,
        ["rate"] = Options.Rate,
        ["seconds"] = Math.Round(Seconds, 3),
        ["arrivals"] = Options.Poisson ? "poisson" : "constant",
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
    }.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });
}
