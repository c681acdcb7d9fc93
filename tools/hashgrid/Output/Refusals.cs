using System.Text.Json.Nodes;
using HashGrid.Client;

namespace HashGrid.CommandLine.Output;

/// <summary>Items that the server refused: one line each on stderr, or objects in JSON.</summary>
internal static class Refusals
{
    /// <returns>The exit code: 1 when anything was refused.</returns>
    public static int Complain(IReadOnlyList<(string File, ItemFailure Failure)> refused)
    {
        foreach ((string file, ItemFailure failure) in refused)
            Console.Error.WriteLine($"hashgrid: {file}: {failure.Reason}: {failure.Message}");
        return refused.Count == 0 ? 0 : 1;
    }

    public static JsonArray ToJson(IEnumerable<(string File, ItemFailure Failure)> refused) => [.. refused.Select(item => (JsonNode)new JsonObject
    {
        ["file"] = item.File,
        ["reason"] = item.Failure.Reason,
        ["message"] = item.Failure.Message,
    })];
}
