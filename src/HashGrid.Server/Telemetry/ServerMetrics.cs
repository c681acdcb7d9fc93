using System.Diagnostics.Metrics;
using HashGrid.Model;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Telemetry;

/// <summary>The server's one meter, and the few totals that <c>Store.Stats</c> tells.</summary>
public sealed class ServerMetrics : IDisposable
{
    /// <summary>The name to subscribe to.</summary>
    public const string MeterName = "HashGrid.Server";

    // Upper bounds of time in seconds: 10 µs to 30 s, about 2.5 apart, since a search takes microseconds and a slow disk seconds. On the instruments, so that
    // every reader has the same: OpenTelemetry's own begin with 5.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<int> Counts = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] };

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _images;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _searches;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _callersRefused;
    private readonly Counter<long> _acknowledged;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _linked;
    private readonly UpDownCounter<long> _streams;
    private readonly UpDownCounter<long> _replies;
    private readonly Histogram<double> _stage;
    private readonly Histogram<int> _batch;
    private readonly Histogram<double> _commitWait;
    private readonly Histogram<double> _commit;
    private readonly Histogram<int> _commitChanges;
    private readonly Histogram<double> _indexLag;
    private readonly Histogram<double> _searchWait;
    private readonly Histogram<double> _search;
    private readonly Histogram<double> _searchFetch;
    private readonly Histogram<double> _replyWrite;
    private long _imagesEncoded;
    private long _searchesAnswered;
    private long _itemsLinked;
    private long _repliesHeld;

    public ServerMetrics()
    {
        _images = _meter.CreateCounter<long>("hashgrid.encode.images", "{image}", "Images encoded.");
        _dropped = _meter.CreateCounter<long>("hashgrid.encode.dropped", "{image}", "Images admitted and not encoded, by reason.");
        _stage = Time("hashgrid.encode.stage", "Time an image spent in a stage: upload (of chunks), admission, waiting (for a decoder), decode, ready (waiting for the network), forward.");
        _batch = Count("hashgrid.encode.batch", "{image}", "Images in one forward pass.");
        _commitWait = Time("hashgrid.store.commit.wait", "From the append of a group's first change until the group was durable.");
        _commit = Time("hashgrid.store.commit.duration", "Time of one commit of the journal, until the disk had it.");
        _commitChanges = Count("hashgrid.store.commit.changes", "{change}", "Changes made durable by one commit.");
        _indexLag = Time("hashgrid.index.lag", "From the commit of a group of changes until searches saw them.");
        _searchWait = Time("hashgrid.search.wait", "Time a query waited for its turn.");
        _searches = _meter.CreateCounter<long>("hashgrid.search.queries", "{query}", "Queries answered, by engine.");
        _search = Time("hashgrid.search.duration", "Time of a query in the index, by the engine that answered.");
        _searchFetch = Time("hashgrid.search.fetch", "Time to look up labels, names and codes of what a query found.");
        _replyWrite = Time("hashgrid.reply.write", "Time until the connection took a reply, by method; of a single call, until its last byte.");
        _calls = _meter.CreateCounter<long>("hashgrid.calls", "{call}", "Calls ended, by method and reason.");
        _callersRefused = _meter.CreateCounter<long>("hashgrid.callers.refused", "{request}", "Calls, streams and images refused because of who called and what it has open, by reason.");
        _acknowledged = _meter.CreateCounter<long>("hashgrid.ingest.acknowledged", "{item}", "Items durable and told so.");
        _refused = _meter.CreateCounter<long>("hashgrid.ingest.refused", "{item}", "Items refused, by reason.");
        _linked = _meter.CreateCounter<long>("hashgrid.ingest.linked", "{item}", "Items linked to content that another id holds.");
        _streams = _meter.CreateUpDownCounter<long>("hashgrid.ingest.streams", "{stream}", "Open ingest streams.");
        _replies = _meter.CreateUpDownCounter<long>("hashgrid.reply.held", "{reply}", "Replies of streams that their connections have not taken yet.");
        _meter.CreateObservableGauge("hashgrid.process.memory", () => Environment.WorkingSet, "By", "Resident memory of the process.");
        _meter.CreateObservableGauge("hashgrid.process.tensors", () => LiveTensors.Count, "{tensor}", "Tensors that the network holds.");

        Histogram<double> Time(string name, string description) => _meter.CreateHistogram(name, "s", description, tags: null, Seconds);

        Histogram<int> Count(string name, string unit, string description) => _meter.CreateHistogram(name, unit, description, tags: null, Counts);
    }

    public long ImagesEncoded => Volatile.Read(ref _imagesEncoded);

    public long ItemsLinked => Volatile.Read(ref _itemsLinked);

    /// <summary>Replies of streams that their connections have not taken yet.</summary>
    public long RepliesHeld => Volatile.Read(ref _repliesHeld);

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

    /// <summary>A large image has arrived in all its chunks.</summary>
    /// <param name="elapsed">Since it was announced, the wait for the upload budget included.</param>
    public void Uploaded(TimeSpan elapsed) => _stage.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("stage", "upload"));

    /// <summary>An image was let into the queue, at once or after waiting for room.</summary>
    public void Admitted(TimeSpan waited) => _stage.Record(waited.TotalSeconds, new KeyValuePair<string, object?>("stage", "admission"));

    public void BatchTaken(int images) => _batch.Record(images);

    public void Committed(CommitReport commit)
    {
        _commitWait.Record(commit.Waited.TotalSeconds);
        _commit.Record(commit.Took.TotalSeconds);
        _commitChanges.Record((int)Math.Min(commit.Changes, int.MaxValue));
    }

    public void IndexApplied(TimeSpan lag) => _indexLag.Record(lag.TotalSeconds);

    public void SearchWaited(TimeSpan elapsed) => _searchWait.Record(elapsed.TotalSeconds);

    public void SearchAnswered(string engine, TimeSpan elapsed)
    {
        Interlocked.Increment(ref _searchesAnswered);
        _searches.Add(1, new KeyValuePair<string, object?>("engine", engine));
        _search.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("engine", engine));
    }

    public void SearchFetched(TimeSpan elapsed) => _searchFetch.Record(elapsed.TotalSeconds);

    /// <summary>Whether somebody measures replies; asked where measuring itself costs something.</summary>
    public bool TimesReplies => _replyWrite.Enabled;

    /// <param name="method">The gRPC method.</param>
    /// <param name="elapsed">Until the connection had taken the reply.</param>
    public void ReplyWritten(string method, TimeSpan elapsed) => _replyWrite.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("method", method));

    /// <param name="method">The gRPC method.</param>
    /// <param name="reason">Null when the call succeeded.</param>
    public void CallEnded(string method, ErrorReason? reason) =>
        _calls.Add(1, new("method", method), new("reason", reason is { } r ? ErrorTable.Get(r).Name : "OK"));

    public void CallerRefused(ErrorReason reason) => _callersRefused.Add(1, Reason(reason));

    public void ItemsAcknowledged(long items) => _acknowledged.Add(items);

    public void ItemRefused(ErrorReason reason) => _refused.Add(1, Reason(reason));

    public void ItemLinked()
    {
        Interlocked.Increment(ref _itemsLinked);
        _linked.Add(1);
    }

    public void StreamsChanged(int delta) => _streams.Add(delta);

    /// <summary>Counts replies of a stream that wait for its connection, and no longer do.</summary>
    public void RepliesChanged(int delta)
    {
        Interlocked.Add(ref _repliesHeld, delta);
        _replies.Add(delta);
    }

    /// <summary>Registers the gauges of the encoder's queue; read only when somebody collects.</summary>
    public void ObserveQueue(Func<(int Waiting, int Decoded)> queued, Func<EncodeLoad> admitted)
    {
        _meter.CreateObservableGauge("hashgrid.encode.waiting", () => queued().Waiting, "{image}", "Images waiting for a decoder.");
        _meter.CreateObservableGauge("hashgrid.encode.decoded", () => queued().Decoded, "{image}", "Images waiting for the network.");
        _meter.CreateObservableGauge("hashgrid.encode.items", () => admitted().Items, "{image}", "Images admitted and not finished.");
        _meter.CreateObservableGauge("hashgrid.encode.bytes", () => admitted().Bytes, "By", "File bytes admitted and not decoded.");
        _meter.CreateObservableGauge("hashgrid.encode.pixels", () => admitted().Pixels, "{pixel}", "Pixels admitted and not decoded.");
    }

    /// <summary>Registers the gauge of what the network does by size of batch, as the warm-up measured it.</summary>
    public void ObserveCurve(BatchCurve curve)
    {
        Measurement<double>[] rates = [.. curve.Points.Select(point => new Measurement<double>(point.ImagesPerSecond, new KeyValuePair<string, object?>("batch", point.Size)))];
        _meter.CreateObservableGauge("hashgrid.encode.rate", () => rates, "{image}/s", "Images that the network encodes in a second, by size of batch, as measured at the start.");
    }

    /// <summary>Registers the gauges of store and index.</summary>
    public void ObserveStore(Func<long> codes, Func<long> behind)
    {
        _meter.CreateObservableGauge("hashgrid.store.codes", codes, "{code}", "Codes stored.");
        _meter.CreateObservableGauge("hashgrid.index.behind", behind, "{change}", "Durable changes that the index has not applied.");
    }

    /// <summary>Registers the gauge of waiting searches.</summary>
    public void ObserveSearches(Func<int> waiting) =>
        _meter.CreateObservableGauge("hashgrid.search.waiting", waiting, "{query}", "Queries that wait for their turn.");

    /// <summary>Registers the gauge of callers.</summary>
    public void ObserveCallers(Func<int> open) =>
        _meter.CreateObservableGauge("hashgrid.callers.open", open, "{caller}", "Callers (API keys, certificates, addresses) with open calls.");

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
