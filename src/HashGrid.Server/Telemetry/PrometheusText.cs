using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace HashGrid.Server.Telemetry;

/// <summary>Listens to the server's meter and writes its totals in Prometheus' text format.</summary>
/// <remarks>Measuring costs a dictionary look-up and one lock on the series; a meter nobody listens to costs nothing, so it listens only if it is made.</remarks>
public sealed class PrometheusText : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Labels), MetricSeries> _series = new();
    private readonly ServerMetrics _metrics;

    public PrometheusText(ServerMetrics metrics)
    {
        _metrics = metrics;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (_metrics.Owns(instrument)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The page as of now.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        StringBuilder page = new();
        foreach (IGrouping<Instrument, KeyValuePair<(Instrument Instrument, string Labels), MetricSeries>> group in
            _series.GroupBy(series => series.Key.Instrument).OrderBy(group => group.Key.Name, StringComparer.Ordinal))
        {
            string name = Name(group.Key);
            page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {group.Key.Description}\n# TYPE {name} {MetricSeries.TypeOf(group.Key)}\n");
            foreach (((_, string labels), MetricSeries series) in group.OrderBy(series => series.Key.Labels, StringComparer.Ordinal)) series.Write(page, name, labels);
        }
        return page.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        StringBuilder? labels = null;
        foreach ((string key, object? tag) in tags) (labels ??= new StringBuilder()).Append(labels.Length == 0 ? "" : ",").Append(key).Append("=\"").Append(tag).Append('"');
        _series.GetOrAdd((instrument, labels?.ToString() ?? ""), static key => new MetricSeries(key.Instrument)).Record(value);
    }

    // hashgrid.encode.stage in s becomes hashgrid_encode_stage_seconds, a counter ends in _total.
    private static string Name(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_') + (instrument.Unit switch { "s" => "_seconds", _ => "" });
        return instrument is Counter<long> ? name + "_total" : name;
    }
}
