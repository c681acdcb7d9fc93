using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HashGrid.CommandLine.Output;

/// <summary>JSON on stdout, one document a command.</summary>
internal static class Json
{
    private static JsonSerializerOptions Layout { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print(JsonNode node) => Console.Out.WriteLine(node.ToJsonString(Layout));

    // Numbers of most JSON readers hold 53 bits.
    public static string Id(ulong id) => id.ToString(CultureInfo.InvariantCulture);

    public static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(value => (JsonNode)value)];
}
