using System.Diagnostics;

namespace HashGrid.Server.Telemetry;

/// <summary>Measures the writing of a single call's reply, from the return of its handler to its last byte.</summary>
internal sealed class ReplyTimer(ServerMetrics metrics, string method)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Starts to measure, if anybody looks: it is the only measurement that costs an object.</summary>
    public static void Start(HttpContext context, ServerMetrics metrics, string method)
    {
        if (!metrics.TimesReplies) return;
        context.Response.OnCompleted(static timer =>
        {
            ((ReplyTimer)timer).Stop();
            return Task.CompletedTask;
        }, new ReplyTimer(metrics, method));
    }

    private void Stop() => metrics.ReplyWritten(method, Stopwatch.GetElapsedTime(_start));
}
