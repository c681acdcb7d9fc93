using System.Globalization;
using System.Text.Json.Nodes;

namespace HashGrid.CommandLine.Output;

/// <summary>Times of one operation after the other, in microseconds.</summary>
internal sealed class Latencies
{
    private readonly List<double> _microseconds = [];

    public int Count => _microseconds.Count;

    public void Add(TimeSpan elapsed) => _microseconds.Add(elapsed.TotalMicroseconds);

    /// <summary>The value below which a share of the times lies.</summary>
    public double Quantile(double share) => _microseconds.Order().ElementAt(Math.Min(_microseconds.Count - 1, (int)(share * _microseconds.Count)));

    public JsonObject ToJson() => new()
    {
        ["count"] = Count,
        ["p50_us"] = Math.Round(Quantile(0.5), 1),
        ["p99_us"] = Math.Round(Quantile(0.99), 1),
        ["max_us"] = Math.Round(Quantile(1), 1),
    };

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"p50 {Quantile(0.5):F0} µs, p99 {Quantile(0.99):F0} µs, max {Quantile(1):F0} µs ({Count} times)");
}
