using System.Text.Json.Nodes;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.CommandLine.Output;

/// <summary>What was found in the files of a store: one line each, or objects in JSON.</summary>
internal static class Findings
{
    public static string Line(StoreFinding finding) =>
        $"{(finding.Severity == FindingSeverity.Damage ? "damage" : "note")}: {finding.File} at {finding.Offset}: {finding.Message}";

    public static JsonArray ToJson(IEnumerable<StoreFinding> findings) => [.. findings.Select(finding => (JsonNode)new JsonObject
    {
        ["severity"] = finding.Severity == FindingSeverity.Damage ? "damage" : "note",
        ["file"] = finding.File,
        ["offset"] = finding.Offset,
        ["unreadable_bytes"] = finding.UnreadableBytes == 0 ? null : finding.UnreadableBytes,
        ["first_lost"] = finding.FirstLost == 0 ? null : finding.FirstLost,
        ["last_lost"] = finding.FirstLost == 0 ? null : finding.LastLost,
        ["message"] = finding.Message,
    })];
}
