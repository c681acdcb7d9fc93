using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace HashGrid.Server.Telemetry;

/// <summary>One series: a running sum, a last value, or a histogram.</summary>
internal sealed class MetricSeries
{
    private readonly Lock _gate = new();
    private readonly bool _sums;
    private readonly double[]? _bounds;
    private readonly long[] _buckets = [];
    private double _value;
    private long _count;

    public MetricSeries(Instrument instrument)
    {
        string type = TypeOf(instrument);
        _sums = type != "gauge" || instrument is UpDownCounter<long>;
        if (type != "histogram") return;
        _bounds = instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
            Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
            _ => throw new InvalidOperationException($"the histogram '{instrument.Name}' has no bucket boundaries"),
        };
        _buckets = new long[_bounds.Length];
    }

    public static string TypeOf(Instrument instrument) => instrument switch
    {
        Counter<long> => "counter",
        Histogram<double> or Histogram<int> => "histogram",
        _ => "gauge",
    };

    public void Record(double value)
    {
        lock (_gate)
        {
            _value = _sums ? _value + value : value;
            _count++;
            if (_bounds is null) return;
            for (int i = 0; i < _bounds.Length; i++)
            {
                if (value > _bounds[i]) continue;
                _buckets[i]++;
                return;
            }
        }
    }

    public void Write(StringBuilder page, string name, string labels)
    {
        string all = labels.Length == 0 ? "" : $"{{{labels}}}";
        lock (_gate)
        {
            if (_bounds is null)
            {
                page.Append(CultureInfo.InvariantCulture, $"{name}{all} {_value}\n");
                return;
            }
            string comma = labels.Length == 0 ? "" : ",";
            long below = 0;
            for (int i = 0; i < _bounds.Length; i++)
            {
                below += _buckets[i];
                page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{comma}le=\"{_bounds[i]}\"}} {below}\n");
            }
            page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {_count}\n{name}_sum{all} {_value}\n{name}_count{all} {_count}\n");
        }
    }
}
