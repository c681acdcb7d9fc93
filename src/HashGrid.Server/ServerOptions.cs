using HashGrid.Model;
using HashGrid.Model.Imaging;
using HashGrid.Server.Encoding;
using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server;

/// <summary>Everything that can be set. <see cref="Validate"/> is asked before the server starts.</summary>
public sealed record ServerOptions
{
    /// <summary>Folder of the journal, table and snapshots; made if it is not there. One server at a time owns it.</summary>
    public string DataDirectory { get; init; } = "hashgrid-data";

    /// <summary>Weights (safetensors). Null: HASHGRID_MODEL, else the file beside the program.</summary>
    public string? ModelPath { get; init; }

    /// <summary>"auto" (a GPU if there is one), "cpu" or "cuda".</summary>
    public string Device { get; init; } = "auto";

    /// <summary>"auto" (onnx on a CPU, torch on a GPU), "onnx" or "torch".</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>"auto" (int8 for calibrated weights on a CPU that can, else float32), "float32", "bfloat16" (torch) or "int8". A store keeps the precision of its codes.</summary>
    public string Precision { get; init; } = "auto";

    /// <summary>Threads of the forward pass on a CPU; 0: all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Where to listen: <c>127.0.0.1:5080</c>, <c>[::1]:0</c> (a free port), <c>unix:/path</c>. At least one.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["127.0.0.1:5080"];

    /// <summary>Listen without encryption on addresses that other machines reach. Only behind a proxy that encrypts.</summary>
    public bool AllowRemotePlaintext { get; init; }

    /// <summary>PEM file with the server's certificate and, after it, the intermediates above it: listen with TLS, on every address but Unix sockets. Null: plaintext.</summary>
    public string? CertificatePath { get; init; }

    /// <summary>PEM file with the certificate's private key; needed with <see cref="CertificatePath"/>.</summary>
    public string? CertificateKeyPath { get; init; }

    /// <summary>
    /// PEM file with the roots of the authorities whose certificates clients must show (mTLS), and intermediates if clients do not show them. Null:
    /// clients need none.
    /// </summary>
    public string? ClientCaPath { get; init; }

    /// <summary>File of API keys, one <c>name:key</c> a line. Calls from other machines must carry one as <c>authorization: Bearer KEY</c>. Null: no keys.</summary>
    public string? ApiKeysPath { get; init; }

    /// <summary>Ask callers on this machine for an API key, too.</summary>
    public bool ApiKeysForLocal { get; init; }

    /// <summary>Calls that one caller (API key, client certificate, or address) may have open; default 1,000, 1 to 100,000.</summary>
    public int MaxCallsPerCaller { get; init; } = 1000;

    /// <summary>Streams that one caller may have open, of all kinds; default 128, half of <see cref="MaxStreams"/>, 1 to 65,536.</summary>
    public int MaxStreamsPerCaller { get; init; } = 128;

    /// <summary>
    /// Images that one caller may have in flight; default 512, half of <see cref="MaxQueuedItems"/>, 1 to 65,536. Streams wait for a place and get credits
    /// accordingly, searches by image are refused without one; an eighth is theirs alone.
    /// </summary>
    public int MaxImagesPerCaller { get; init; } = 512;

    /// <summary>
    /// Address for <c>GET /metrics</c> (Prometheus text) over HTTP/1.1, e.g. <c>127.0.0.1:9464</c> or <c>unix:/path</c>; without encryption and keys, so only this
    /// machine may reach it unless <see cref="AllowRemoteMetrics"/>. Null: none.
    /// </summary>
    public string? MetricsListen { get; init; }

    /// <summary>Let other machines read <c>/metrics</c>, and with them everybody on the network between: how much is stored, searched and refused, but no content, ids or names.</summary>
    public bool AllowRemoteMetrics { get; init; }

    /// <summary>Collector for traces and metrics by OTLP, e.g. <c>http://127.0.0.1:4317</c>. Null: the variable OTEL_EXPORTER_OTLP_ENDPOINT, and without it no export at all.</summary>
    public string? OtlpEndpoint { get; init; }

    /// <summary>Items of streams that are traced in a second, of all streams together, beside the first of each; default 10, 0 to 1,000. 0: streams are one span, and nothing of their items.</summary>
    public int TracedItemsPerSecond { get; init; } = 10;

    /// <summary>
    /// What is done with an image whose content, byte for byte, another id holds: store it as any other (the default), link it (it gets the code that is
    /// there, and is not encoded again) or refuse it. Link and refuse keep 25 to 31 bytes of memory for each image.
    /// </summary>
    public DuplicateMode Duplicates { get; init; } = DuplicateMode.Store;

    /// <summary>Bytes of one image file; default 32 MiB, at most <see cref="MaxUploadBytes"/>.</summary>
    public long MaxImageBytes { get; init; } = 32L << 20;

    /// <summary>Pixels on one side of an image, by its header; default 16,384.</summary>
    public int MaxImageSide { get; init; } = 16_384;

    /// <summary>Pixels of one image, by its header; default 64 million.</summary>
    public long MaxImagePixels { get; init; } = 64_000_000;

    /// <summary>Bytes of one gRPC message; default 4 MiB, 128 KiB to 256 MiB. Larger images travel in chunks.</summary>
    public int MaxMessageBytes { get; init; } = 4 << 20;

    /// <summary>Images admitted and not finished, of all callers; default 1,024, 1 to 65,536.</summary>
    public int MaxQueuedItems { get; init; } = 1024;

    /// <summary>Bytes of image files admitted and not decoded, of all callers; default 256 MiB, at least <see cref="MaxImageBytes"/>.</summary>
    public long MaxQueuedBytes { get; init; } = 256L << 20;

    /// <summary>Pixels of images admitted and not decoded, of all callers, by their headers; default 1,024 million, at least <see cref="MaxImagePixels"/>.</summary>
    public long MaxQueuedPixels { get; init; } = 1_024_000_000;

    /// <summary>Pixels of images that are decoded at the same time, each up to 8 bytes of memory; default 128 million, at least <see cref="MaxImagePixels"/>.</summary>
    public long MaxDecodingPixels { get; init; } = 128_000_000;

    /// <summary>Bytes of chunked images that are arriving, of all callers; default 128 MiB, at least <see cref="MaxImageBytes"/>.</summary>
    public long MaxUploadBytes { get; init; } = 128L << 20;

    /// <summary>The same of one caller; default 64 MiB, half of <see cref="MaxUploadBytes"/>, at least 64 KiB. A larger image is taken alone.</summary>
    public long MaxUploadBytesPerCaller { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes in a second, on average, that an announced image must arrive at after its first <see cref="UploadStallTimeout"/>; slower ones end their stream. Default
    /// 16 KiB, 0 to 1 GiB; 0: only the time between two chunks counts.
    /// </summary>
    public long MinUploadRate { get; init; } = 16L << 10;

    /// <summary>Credits of one ingest stream, in items; default 64, 1 to 4,096. Fewer are given when items are large or streams are many.</summary>
    public int StreamWindowItems { get; init; } = 64;

    /// <summary>Credits of one ingest stream, in bytes, by the size of its recent items; default 16 MiB. No stream holds more of the queue, but for one larger image.</summary>
    public long StreamWindowBytes { get; init; } = 16L << 20;

    /// <summary>Pixels of one stream's images admitted and not decoded; default 256 million. A larger image is taken alone.</summary>
    public long StreamWindowPixels { get; init; } = 256_000_000;

    /// <summary>Unanswered requests of one Encode or SearchStream call; default 64, 1 to 4,096. A search takes one more for each 256 neighbours that it asks for.</summary>
    public int ReplyWindow { get; init; } = 64;

    /// <summary>Open ingest streams; default 256, 1 to 65,536.</summary>
    public int MaxStreams { get; init; } = 256;

    /// <summary>Largest batch of the network, in images; default 32, 1 to 1,024. The size in use is measured at start.</summary>
    public int MaxBatch { get; init; } = 32;

    /// <summary>Searches that run at once; 0: one a core.</summary>
    public int ConcurrentSearches { get; init; }

    /// <summary>Searches in flight beside those that run, of all callers; default 1,024, 0 to 1,000,000. Streams wait for a place, single searches are refused without one; an eighth is theirs alone.</summary>
    public int MaxQueuedSearches { get; init; } = 1024;

    /// <summary>
    /// Single searches that one caller may have in flight; default 512, half of <see cref="MaxQueuedSearches"/>, 1 to 1,000,000. Its streams together may
    /// have seven eighths of it besides, and wait for a place.
    /// </summary>
    public int MaxSearchesPerCaller { get; init; } = 512;

    /// <summary>Neighbours in one answer; default and limit of the protocol 10,000.</summary>
    public int MaxResults { get; init; } = 10_000;

    /// <summary>A stream on which nothing arrives for so long is ended; default 10 minutes, at least 100 ms.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>An announced image of which nothing arrives for so long ends its stream; default 30 s, at least 100 ms.</summary>
    public TimeSpan UploadStallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long streams may finish what they hold when the server stops; default 2.5 s, 0 to 60 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>
    /// Changes after which a serving index writes a snapshot, at low priority, so that a start after a crash indexes the rest alone; default
    /// 1,000,000, and never fewer than a quarter of the codes. 0: changes alone are no reason.
    /// </summary>
    public long SnapshotChanges { get; init; } = 1_000_000;

    /// <summary>Time after which it does so for fewer changes, if they are 100,000 or more; default 15 minutes. 0: time alone is no reason.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// HTTP/2 streams of one connection; default 100, 1 to 1,000. With <see cref="Http2StreamWindowBytes"/> it sets the connection's window,
    /// so that no number of stalled uploads can hold up the other calls of their connection.
    /// </summary>
    public int Http2StreamsPerConnection { get; init; } = 100;

    /// <summary>HTTP/2 window of one stream; default 512 KiB, 64 KiB to 16 MiB.</summary>
    public int Http2StreamWindowBytes { get; init; } = 512 << 10;

    /// <summary>The least severe of the server's own events that is logged, on stderr; default Information.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>How the log's lines look: text for people (the default) or json for collectors.</summary>
    public LogFormat LogFormat { get; init; }

    internal HashEncoderOptions EncoderOptions => new() { Device = Device, Engine = Engine, Precision = Precision, Threads = Math.Max(Threads, 0) };

    internal ImageLimits ImageLimits => new() { MaxBytes = MaxImageBytes, MaxSide = MaxImageSide, MaxPixels = MaxImagePixels };

    internal EncodeLimits EncodeLimits => new()
    {
        MaxItems = MaxQueuedItems,
        MaxBytes = MaxQueuedBytes,
        MaxPixels = MaxQueuedPixels,
        MaxDecodingPixels = MaxDecodingPixels,
        // An eighth for searches by image; but never so much that the largest image would not fit beside it.
        Reserve = new EncodeLoad(MaxQueuedItems / 8, Math.Min(MaxQueuedBytes / 8, MaxQueuedBytes - MaxImageBytes), Math.Min(MaxQueuedPixels / 8, MaxQueuedPixels - MaxImagePixels)),
        MaxBatch = MaxBatch,
        DecodeAhead = 2 * MaxBatch,
    };

    /// <summary>What one stream may hold of the encoder's queue.</summary>
    internal EncodeLoad StreamLimit => new(Math.Max(StreamWindowItems, ReplyWindow), Math.Max(StreamWindowBytes, MaxImageBytes), Math.Max(StreamWindowPixels, MaxImagePixels));

    /// <summary>What one caller may hold of the room for uploads.</summary>
    internal long UploadBytesOfOneCaller => Math.Max(MaxUploadBytesPerCaller, MaxImageBytes);

    /// <summary>Room for every stream's window at once: a stalled stream can only stall itself.</summary>
    internal int Http2ConnectionWindowBytes => Math.Max(16 << 20, checked((Http2StreamsPerConnection + 1) * Http2StreamWindowBytes));

    /// <summary>Starts the clock of an announced image.</summary>
    internal UploadPace StartUpload() => new(UploadStallTimeout, MinUploadRate, TimeProvider.System);

    /// <summary>Every problem, one sentence each; empty when the server can start.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        if (string.IsNullOrWhiteSpace(DataDirectory)) problems.Add("DataDirectory is empty; name a folder");
        problems.AddRange(EncoderOptions.Validate());
        Range(nameof(Threads), Threads, 0, 1024);
        if (!Enum.IsDefined(LogFormat)) problems.Add($"LogFormat is {LogFormat}, but Text and Json are possible");
        if (!Enum.IsDefined(Duplicates)) problems.Add($"Duplicates is {Duplicates}, but Store, Link and Refuse are possible");
        Range(nameof(MaxImageBytes), MaxImageBytes, 1, 1L << 30);
        Range(nameof(MaxImageSide), MaxImageSide, 1, 1 << 20);
        Range(nameof(MaxImagePixels), MaxImagePixels, 1, 1L << 32);
        Range(nameof(MaxMessageBytes), MaxMessageBytes, 128 << 10, 256 << 20);
        Range(nameof(MaxQueuedItems), MaxQueuedItems, 1, 65_536);
        Range(nameof(MaxQueuedBytes), MaxQueuedBytes, MaxImageBytes, 1L << 40);
        Range(nameof(MaxQueuedPixels), MaxQueuedPixels, MaxImagePixels, 1L << 40);
        Range(nameof(MaxDecodingPixels), MaxDecodingPixels, MaxImagePixels, 1L << 40);
        Range(nameof(StreamWindowPixels), StreamWindowPixels, 1, 1L << 40);
        Range(nameof(MaxUploadBytes), MaxUploadBytes, MaxImageBytes, 1L << 40);
        Range(nameof(MaxUploadBytesPerCaller), MaxUploadBytesPerCaller, 64 << 10, 1L << 40);
        Range(nameof(MinUploadRate), MinUploadRate, 0, 1L << 30);
        Range(nameof(StreamWindowItems), StreamWindowItems, 1, 4096);
        Range(nameof(StreamWindowBytes), StreamWindowBytes, 64 << 10, 1L << 40);
        Range(nameof(ReplyWindow), ReplyWindow, 1, 4096);
        Range(nameof(MaxStreams), MaxStreams, 1, 65_536);
        Range(nameof(MaxBatch), MaxBatch, 1, 1024);
        Range(nameof(ConcurrentSearches), ConcurrentSearches, 0, 1024);
        Range(nameof(MaxQueuedSearches), MaxQueuedSearches, 0, 1_000_000);
        Range(nameof(MaxSearchesPerCaller), MaxSearchesPerCaller, 1, 1_000_000);
        Range(nameof(MaxResults), MaxResults, 1, 10_000);
        Range(nameof(SnapshotChanges), SnapshotChanges, 0, 1L << 40);
        Time(nameof(SnapshotInterval), SnapshotInterval, 0, 30 * 86_400);
        Range(nameof(Http2StreamsPerConnection), Http2StreamsPerConnection, 1, 1000);
        Range(nameof(Http2StreamWindowBytes), Http2StreamWindowBytes, 64 << 10, 16 << 20);
        if ((Http2StreamsPerConnection + 1L) * Http2StreamWindowBytes > int.MaxValue)
            problems.Add($"{Http2StreamsPerConnection} HTTP/2 streams of {Http2StreamWindowBytes} bytes exceed a connection's window of 2 GiB; lower one of them");
        Time(nameof(IdleTimeout), IdleTimeout, 0.1, 86_400);
        Time(nameof(UploadStallTimeout), UploadStallTimeout, 0.1, 86_400);
        Time(nameof(DrainTimeout), DrainTimeout, 0, 60);
        if (Listen.Count == 0) problems.Add("Listen is empty; name at least one address such as 127.0.0.1:5080");
        foreach (string text in Listen)
        {
            if (ListenAddress.Parse(text, out string? problem) is not { } address) problems.Add($"Listen address '{text}' {problem}");
            else if (!address.IsLocal && !AllowRemotePlaintext && CertificatePath is null)
                problems.Add($"Listen address '{text}' is reachable from other machines without encryption; use a loopback address, unix:/path, CertificatePath, or set AllowRemotePlaintext");
            else if (!address.IsLocal && !AllowRemotePlaintext && ApiKeysPath is null && ClientCaPath is null)
                problems.Add($"Listen address '{text}' is reachable by anybody; set ApiKeysPath or ClientCaPath");
        }
        if (MetricsListen is { } metrics)
        {
            if (ListenAddress.Parse(metrics, out string? wrong) is not { } address) problems.Add($"MetricsListen address '{metrics}' {wrong}");
            else if (!address.IsLocal && !AllowRemoteMetrics)
                problems.Add($"MetricsListen address '{metrics}' is reachable from other machines, without encryption or a key; use a loopback address, unix:/path, or set AllowRemoteMetrics");
        }
        else if (AllowRemoteMetrics)
        {
            problems.Add("AllowRemoteMetrics needs MetricsListen");
        }
        if (OtlpEndpoint is { } collector && OtlpSettings.Problem(collector) is { } nowhere) problems.Add($"OtlpEndpoint '{collector}' {nowhere}");
        Range(nameof(TracedItemsPerSecond), TracedItemsPerSecond, 0, 1000);
        if (CertificatePath is null != CertificateKeyPath is null) problems.Add("CertificatePath and CertificateKeyPath go together; set both or none");
        if (ClientCaPath is not null && CertificatePath is null) problems.Add("ClientCaPath needs CertificatePath: clients show certificates over TLS only");
        if (ApiKeysForLocal && ApiKeysPath is null) problems.Add("ApiKeysForLocal needs ApiKeysPath");
        Exists(nameof(CertificatePath), CertificatePath);
        Exists(nameof(CertificateKeyPath), CertificateKeyPath);
        Exists(nameof(ClientCaPath), ClientCaPath);
        Exists(nameof(ApiKeysPath), ApiKeysPath);
        Range(nameof(MaxCallsPerCaller), MaxCallsPerCaller, 1, 100_000);
        Range(nameof(MaxStreamsPerCaller), MaxStreamsPerCaller, 1, 65_536);
        Range(nameof(MaxImagesPerCaller), MaxImagesPerCaller, 1, 65_536);
        return problems;

        void Exists(string name, string? path)
        {
            if (path is not null && !File.Exists(path)) problems.Add($"{name} names '{path}', which is no file");
        }

        void Range(string name, long value, long min, long max)
        {
            if (value < min || value > max) problems.Add($"{name} is {value}, but {min} to {max} is allowed");
        }

        void Time(string name, TimeSpan value, double minSeconds, double maxSeconds)
        {
            if (value.TotalSeconds < minSeconds || value.TotalSeconds > maxSeconds)
                problems.Add($"{name} is {value.TotalSeconds} s, but {minSeconds} s to {maxSeconds} s is allowed");
        }
    }
}
