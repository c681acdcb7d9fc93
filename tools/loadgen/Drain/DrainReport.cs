using System.Globalization;
using System.Text.Json;

namespace HashGrid.LoadGen.Drain;

/// <summary>What a drain under load did and found.</summary>
/// <param name="Streams">Ingest streams that were sending.</param>
/// <param name="Seconds">From SIGTERM to the end of the process.</param>
/// <param name="Acknowledged">Items acknowledged in all.</param>
/// <param name="Violations">What should not be; empty when every stream was told where it stands, and the store stands there.</param>
internal sealed record DrainReport(int Streams, double Seconds, ulong Acknowledged, IReadOnlyList<string> Violations)
{
    public string ToJson() => JsonSerializer.Serialize(new
    {
        streams = Streams,
        drain_seconds = Math.Round(Seconds, 3),
        acknowledged = Acknowledged,
        violations = Violations,
    });

    public string ToText() => string.Join('\n', [
        .. Violations.Take(20).Select(violation => "VIOLATION: " + violation),
        string.Create(CultureInfo.InvariantCulture, $"{Streams} streams told their durable sequence, {Acknowledged} items acknowledged; the server ended {Seconds:F2} s after SIGTERM; {Violations.Count} violations"),
    ]);
}
