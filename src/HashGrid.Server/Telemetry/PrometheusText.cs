using System.Diagnostics.Metrics;
using System.Text;

namespace HashGrid.Server.Telemetry;

/// <summary>Listens to the server's meter and writes its totals in Prometheus' text format.</summary>
/// <remarks>
/// Measuring costs one lock on the series and allocates nothing; a meter nobody listens to costs nothing, so it listens only if it is made. The
/// page names every instrument, those that have measured nothing yet, too.
/// </remarks>
public sealed class PrometheusText : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly List<InstrumentSeries> _instruments = [];

    public PrometheusText(ServerMetrics metrics)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!metrics.Owns(instrument)) return;
            InstrumentSeries series = new(instrument);
            lock (_instruments) _instruments.Add(series);
            listener.EnableMeasurementEvents(instrument, series);
        };
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, series) => ((InstrumentSeries)series!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, series) => ((InstrumentSeries)series!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, series) => ((InstrumentSeries)series!).Record(value, tags));
        _listener.Start();
    }

    /// <summary><c>hashgrid.encode.stage</c> in s becomes <c>hashgrid_encode_stage_seconds</c>; a counter ends in <c>_total</c>.</summary>
    public static string NameOf(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "");
        return instrument is Counter<long> ? name + "_total" : name;
    }

    /// <summary>The page as of now.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        InstrumentSeries[] instruments;
        lock (_instruments) instruments = [.. _instruments.OrderBy(series => series.Instrument.Name, StringComparer.Ordinal)];
        StringBuilder page = new();
        foreach (InstrumentSeries series in instruments) series.Write(page);
        return page.ToString();
    }

    public void Dispose() => _listener.Dispose();
}
