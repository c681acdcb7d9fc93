using System.Diagnostics;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Telemetry;

/// <summary>
/// One traced image or query on its way through queues and threads: a span, and a child for each step. A step is told when it begins, by
/// whichever thread begins it, and ends where the next one begins.
/// </summary>
/// <remarks>Thread-safe. Made for sampled items only; all others carry null.</remarks>
public sealed class ItemTrace
{
    private readonly Lock _gate = new();
    private readonly Activity _whole;
    private readonly bool _owned;
    private string? _step;
    private DateTime _since;
    private bool _ended;

    private ItemTrace(Activity whole, bool owned) => (_whole, _owned) = (whole, owned);

    /// <summary>What others link to.</summary>
    public ActivityContext Context => _whole.Context;

    /// <summary>Steps of the recorded call around the present code; null where there is none.</summary>
    public static ItemTrace? OfCall() => Tracing.Current is { } call ? new ItemTrace(call, owned: false) : null;

    /// <summary>Begins the trace of one item of a stream, linked to the stream's span.</summary>
    /// <param name="name">Of the span.</param>
    /// <param name="stream">The recorded span of the call.</param>
    public static ItemTrace? Begin(string name, Activity stream)
    {
        Activity? before = Activity.Current;
        Activity.Current = null;
        Activity? item = Tracing.Source.StartActivity(name, ActivityKind.Internal, default(ActivityContext), tags: null, [new ActivityLink(stream.Context)]);
        Activity.Current = before;
        return item is { Recorded: true } ? new ItemTrace(item, owned: true) : null;
    }

    /// <summary>Ends the step before, and begins the next; null: none begins.</summary>
    public void Enter(string? step)
    {
        lock (_gate)
        {
            if (_ended) return;
            DateTime now = DateTime.UtcNow;
            Write(now);
            (_step, _since) = (step, now);
        }
    }

    /// <summary>Ends the last step, and the item's span with it.</summary>
    /// <param name="failure">Null when the item did well.</param>
    public void End(ErrorReason? failure = null)
    {
        lock (_gate)
        {
            if (_ended) return;
            _ended = true;
            Write(DateTime.UtcNow);
            if (!_owned) return;
            if (failure is { } reason) _whole.SetTag("error.type", ErrorTable.Get(reason).Name);
            if (failure is ErrorReason.Internal or ErrorReason.EncoderFailed) _whole.SetStatus(ActivityStatusCode.Error);
            // Stopping makes the span current that was so when it began, on another thread: none of this thread's business.
            Activity? before = Activity.Current;
            _whole.Dispose();
            Activity.Current = before;
        }
    }

    private void Write(DateTime end)
    {
        if (_step is null) return;
        using Activity? step = Tracing.Source.StartActivity(_step, ActivityKind.Internal, _whole.Context, startTime: _since);
        step?.SetEndTime(end);
    }
}
