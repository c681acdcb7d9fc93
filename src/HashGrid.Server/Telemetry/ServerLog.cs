using HashGrid.Server.Encoding;

namespace HashGrid.Server.Telemetry;

/// <summary>Every event that the server logs, numbered: 1xx life, 2xx calls, 3xx encoder, 4xx streams. No image content, ids, labels or names in clear.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(100, LogLevel.Information, "Store open: {Codes} codes, durable sequence {Sequence}, model {Model} of {Bits} bits")]
    public static partial void StoreOpened(this ILogger logger, long codes, long sequence, string model, int bits);

    [LoggerMessage(101, LogLevel.Information, "Ready after {Milliseconds} ms")]
    public static partial void Ready(this ILogger logger, long milliseconds);

    [LoggerMessage(102, LogLevel.Information, "Draining {Streams} ingest streams")]
    public static partial void Draining(this ILogger logger, int streams);

    [LoggerMessage(103, LogLevel.Information, "Stopped with durable sequence {Sequence}")]
    public static partial void Stopped(this ILogger logger, long sequence);

    [LoggerMessage(104, LogLevel.Error, "The store turned read-only: {Problem}")]
    public static partial void StoreReadOnly(this ILogger logger, string problem);

    [LoggerMessage(105, LogLevel.Debug, "Start-up failed")]
    public static partial void StartFailed(this ILogger logger, Exception failure);

    [LoggerMessage(106, LogLevel.Error, "The index stopped following the store; searches are refused until a restart")]
    public static partial void IndexFailed(this ILogger logger);

    [LoggerMessage(107, LogLevel.Information, "Snapshot of the index up to sequence {Sequence}: {Bytes} bytes in {Milliseconds} ms")]
    public static partial void Snapshot(this ILogger logger, long sequence, long bytes, long milliseconds);

    [LoggerMessage(108, LogLevel.Warning, "No index snapshot: {Problem}")]
    public static partial void SnapshotFailed(this ILogger logger, string problem);

    [LoggerMessage(109, LogLevel.Information, "Exporting by OTLP: traces {Traces}, metrics {Metrics}")]
    public static partial void Exporting(this ILogger logger, bool traces, bool metrics);

    [LoggerMessage(110, LogLevel.Warning, "The export of traces or metrics fails ({Event}): {Details}")]
    public static partial void ExportFailed(this ILogger logger, string @event, string details);

    [LoggerMessage(111, LogLevel.Information, "No time was left for a last snapshot of the index; nothing is lost, the next start indexes {Changes} changes")]
    public static partial void SnapshotGivenUp(this ILogger logger, long changes);

    [LoggerMessage(112, LogLevel.Warning, "Left before everything was closed: the network, the disk or the collector does not answer; what was acknowledged is safe")]
    public static partial void LeftOpen(this ILogger logger);

    [LoggerMessage(200, LogLevel.Error, "Bug: {Method} failed")]
    public static partial void Bug(this ILogger logger, string method, Exception failure);

    [LoggerMessage(201, LogLevel.Debug, "{Method} ended with {Reason}")]
    public static partial void CallFailed(this ILogger logger, string method, string reason);

    [LoggerMessage(300, LogLevel.Information, "Encoder warm on {Device}: batches of {Batch}; images/s by size {Curve}")]
    public static partial void EncoderWarm(this ILogger logger, string device, int batch, BatchCurve curve);

    [LoggerMessage(301, LogLevel.Warning, "A batch of {Images} failed ({Failure}); splitting it")]
    public static partial void BatchSplit(this ILogger logger, int images, string failure);

    [LoggerMessage(302, LogLevel.Error, "The network failed on a single image")]
    public static partial void EncoderFailed(this ILogger logger, Exception failure);

    [LoggerMessage(400, LogLevel.Debug, "Ingest stream opened, resuming after {Sequence}")]
    public static partial void StreamOpened(this ILogger logger, ulong sequence);

    [LoggerMessage(401, LogLevel.Information, "Ingest stream taken over by a newer call")]
    public static partial void StreamTakenOver(this ILogger logger);
}
