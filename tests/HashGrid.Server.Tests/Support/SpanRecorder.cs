using System.Collections.Concurrent;
using System.Diagnostics;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Tests.Support;

/// <summary>Keeps every span of the server that ends while it lives.</summary>
internal sealed class SpanRecorder : IDisposable
{
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;

    public SpanRecorder()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Tracing.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public Activity[] Spans => [.. _spans];

    public Activity[] Named(string name) => [.. _spans.Where(span => span.OperationName == name)];

    /// <summary>Waits for a span; the first of its name.</summary>
    public async Task<Activity> OneAsync(string name)
    {
        await Within.Until(() => Named(name).Length > 0, $"a span {name}");
        return Named(name)[0];
    }

    public Activity[] ChildrenOf(Activity span) => [.. _spans.Where(child => child.TraceId == span.TraceId && child.ParentSpanId == span.SpanId)];

    public void Dispose() => _listener.Dispose();
}
