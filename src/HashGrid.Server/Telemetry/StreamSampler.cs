using System.Diagnostics;

namespace HashGrid.Server.Telemetry;

/// <summary>
/// Chooses which items of streams are traced. A stream may last for days and carry a million items a minute: it is one span, and of its
/// items the first is traced, and then as many a second as <see cref="ServerOptions.TracedItemsPerSecond"/> says, of all streams together.
/// </summary>
/// <remarks>
/// A rate and not a ratio, since a ratio that shows anything of a slow stream floods the collector from a fast one. An item that is not chosen
/// costs a comparison of two numbers. Each chosen one is a trace of its own, linked to its stream: a trace of a million spans shows nobody anything.
/// Thread-safe.
/// </remarks>
public sealed class StreamSampler
{
    private readonly TimeProvider _time;
    private readonly long _gap;   // between two items, in time stamps of the clock; 0: no item is traced
    private long _next;

    public StreamSampler(ServerOptions options, TimeProvider time)
    {
        _time = time;
        _gap = options.TracedItemsPerSecond == 0 ? 0 : time.TimestampFrequency / options.TracedItemsPerSecond;
        _next = time.GetTimestamp();
    }

    /// <summary>The trace of an item, or null if it is not chosen, or its stream is not recorded.</summary>
    /// <param name="name">Of the item's span.</param>
    /// <param name="first">Whether it is the stream's first item.</param>
    public ItemTrace? Sample(string name, bool first) => Tracing.Current is { } stream && Chooses(first) ? ItemTrace.Begin(name, stream) : null;

    /// <summary>As <see cref="Sample"/>, for an item that is handled in one asynchronous flow: its span, or nothing, is current from here on.</summary>
    public Activity? Start(string name, bool first)
    {
        if (Tracing.Current is not { } stream) return null;
        // Without this the parts of every query would go into the stream's own trace.
        Activity.Current = null;
        return Chooses(first)
            ? Tracing.Source.StartActivity(name, ActivityKind.Internal, default(ActivityContext), tags: null, [new ActivityLink(stream.Context)])
            : null;
    }

    private bool Chooses(bool first)
    {
        if (_gap == 0) return false;
        if (first) return true;
        long now = _time.GetTimestamp(), next = Volatile.Read(ref _next);
        return now >= next && Interlocked.CompareExchange(ref _next, now + _gap, next) == next;
    }
}
