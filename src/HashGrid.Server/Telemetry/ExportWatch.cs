using System.Diagnostics.Tracing;

namespace HashGrid.Server.Telemetry;

/// <summary>Logs that exports fail: OpenTelemetry tells that to its event sources alone, and an operator with a wrong address would wait for ever.</summary>
/// <remarks>One line a minute at most, since a collector that is away fails every few seconds.</remarks>
internal sealed class ExportWatch : EventListener
{
    private const string Sources = "OpenTelemetry-Exporter-";
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly ILogger? _logger;
    private readonly TimeProvider? _time;
    private readonly Lock _gate = new();
    private long? _toldAt;

    public ExportWatch(ILogger logger, TimeProvider time)
    {
        (_time, _logger) = (time, logger);
        // The base class has seen the sources of before while these fields were empty.
        foreach (EventSource source in EventSource.GetSources()) Watch(source);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (_logger is not null) Watch(eventSource);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (_logger is null || eventData.Level > EventLevel.Warning) return;
        lock (_gate)
        {
            if (_toldAt is { } before && _time!.GetElapsedTime(before) < Quiet) return;
            _toldAt = _time!.GetTimestamp();
        }
        _logger.ExportFailed(eventData.EventName ?? "export", FirstLine(eventData.Payload is { Count: > 0 } payload ? string.Join("; ", payload) : eventData.Message ?? ""));
    }

    private void Watch(EventSource source)
    {
        if (source.Name.StartsWith(Sources, StringComparison.Ordinal)) EnableEvents(source, EventLevel.Warning);
    }

    private static string FirstLine(string text)
    {
        int end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }
}
