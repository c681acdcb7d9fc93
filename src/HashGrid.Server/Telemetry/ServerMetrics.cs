using System.Diagnostics.Metrics;
using HashGrid.Model;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Telemetry;

/// <summary>The server's one meter, and the few totals that <c>Store.Stats</c> tells.</summary>
public sealed class ServerMetrics : IDisposable
{
    /// <summary>The name to subscribe to.</summary>
    public const string MeterName = "HashGrid.Server";

    // Upper bounds of time in seconds: 0.1 ms to 30 s, about 2.5 apart, since stages differ by that much and searches take microseconds. On the instruments, so
    // that every reader has the same: OpenTelemetry's own begin with 5.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<int> Counts = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] };

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _images;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _searches;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _acknowledged;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _linked;
    private readonly UpDownCounter<long> _streams;
    private readonly Histogram<double> _stage;
    private readonly Histogram<int> _batch;
    private readonly Histogram<double> _search;
    private long _imagesEncoded;
    private long _searchesAnswered;
    private long _itemsLinked;

    public ServerMetrics()
    {
        _images = _meter.CreateCounter<long>("hashgrid.encode.images", "{image}", "Images encoded.");
        _dropped = _meter.CreateCounter<long>("hashgrid.encode.dropped", "{image}", "Images admitted and not encoded, by reason.");
        _stage = _meter.CreateHistogram<double>("hashgrid.encode.stage", "s", "Time an image spent in a stage.", tags: null, Seconds);
        _batch = _meter.CreateHistogram<int>("hashgrid.encode.batch", "{image}", "Images in one forward pass.", tags: null, Counts);
        _searches = _meter.CreateCounter<long>("hashgrid.search.queries", "{query}", "Queries answered, by engine.");
        _search = _meter.CreateHistogram<double>("hashgrid.search.duration", "s", "Time of a query in the index.", tags: null, Seconds);
        _calls = _meter.CreateCounter<long>("hashgrid.calls", "{call}", "Calls ended, by method and reason.");
        _acknowledged = _meter.CreateCounter<long>("hashgrid.ingest.acknowledged", "{item}", "Items durable and told so.");
        _refused = _meter.CreateCounter<long>("hashgrid.ingest.refused", "{item}", "Items refused, by reason.");
        _linked = _meter.CreateCounter<long>("hashgrid.ingest.linked", "{item}", "Items linked to content that another id holds.");
        _streams = _meter.CreateUpDownCounter<long>("hashgrid.ingest.streams", "{stream}", "Open ingest streams.");
        _meter.CreateObservableGauge("hashgrid.process.memory", () => Environment.WorkingSet, "By", "Resident memory of the process.");
        _meter.CreateObservableGauge("hashgrid.process.tensors", () => LiveTensors.Count, "{tensor}", "Tensors that the network holds.");
    }

    public long ImagesEncoded => Volatile.Read(ref _imagesEncoded);

    public long ItemsLinked => Volatile.Read(ref _itemsLinked);

    public long SearchesAnswered => Volatile.Read(ref _searchesAnswered);

    /// <summary>Whether an instrument is this server's; several servers may live in one process.</summary>
    public bool Owns(Instrument instrument) => instrument.Meter == _meter;

    public void ImageEncoded()
    {
        Interlocked.Increment(ref _imagesEncoded);
        _images.Add(1);
    }

    public void ItemDropped(ErrorReason reason) => _dropped.Add(1, Reason(reason));

    public void StageTook(EncodeStage stage, TimeSpan elapsed) =>
        _stage.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("stage", StageName(stage)));

    public void BatchTaken(int images) => _batch.Record(images);

    public void SearchAnswered(string engine, TimeSpan elapsed)
    {
        Interlocked.Increment(ref _searchesAnswered);
        _searches.Add(1, new KeyValuePair<string, object?>("engine", engine));
        _search.Record(elapsed.TotalSeconds);
    }

    /// <param name="method">The gRPC method.</param>
    /// <param name="reason">Null when the call succeeded.</param>
    public void CallEnded(string method, ErrorReason? reason) =>
        _calls.Add(1, new("method", method), new("reason", reason is { } r ? ErrorTable.Get(r).Name : "OK"));

    public void ItemsAcknowledged(long items) => _acknowledged.Add(items);

    public void ItemRefused(ErrorReason reason) => _refused.Add(1, Reason(reason));

    public void ItemLinked()
    {
        Interlocked.Increment(ref _itemsLinked);
        _linked.Add(1);
    }

    public void StreamsChanged(int delta) => _streams.Add(delta);

    /// <summary>Registers the gauges of the encoder's queue; read only when somebody collects.</summary>
    public void ObserveQueue(Func<(int Waiting, int Decoded)> queued, Func<EncodeLoad> admitted)
    {
        _meter.CreateObservableGauge("hashgrid.encode.waiting", () => queued().Waiting, "{image}", "Images waiting for a decoder.");
        _meter.CreateObservableGauge("hashgrid.encode.decoded", () => queued().Decoded, "{image}", "Images waiting for the network.");
        _meter.CreateObservableGauge("hashgrid.encode.items", () => admitted().Items, "{image}", "Images admitted and not finished.");
        _meter.CreateObservableGauge("hashgrid.encode.bytes", () => admitted().Bytes, "By", "File bytes admitted and not decoded.");
        _meter.CreateObservableGauge("hashgrid.encode.pixels", () => admitted().Pixels, "{pixel}", "Pixels admitted and not decoded.");
    }

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Reason(ErrorReason reason) => new("reason", ErrorTable.Get(reason).Name);

    private static string StageName(EncodeStage stage) => stage switch
    {
        EncodeStage.Waiting => "waiting",
        EncodeStage.Decoding => "decode",
        EncodeStage.Decoded => "ready",
        _ => "forward",
    };
}
