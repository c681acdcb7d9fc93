using System.Diagnostics;
using Grpc.Core;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Telemetry;

/// <summary>
/// The server's spans: a call, its parts, and the batches of the network. Without a listener none is made, and asking costs one comparison.
/// No attribute holds image content, ids, stream ids, labels or names.
/// </summary>
public static class Tracing
{
    /// <summary>The name to subscribe to.</summary>
    public const string SourceName = "HashGrid.Server";

    public static readonly ActivitySource Source = new(SourceName, typeof(Tracing).Assembly.GetName().Version!.ToString(3));

    // Health is asked every few seconds for ever, and reflection by people with a shell.
    private const string OwnMethods = "/hashgrid.";

    /// <summary>The recorded span around the present code, if it is one of ours; ASP.NET's own activity of a request never is.</summary>
    public static Activity? Current => Activity.Current is { Recorded: true } span && ReferenceEquals(span.Source, Source) ? span : null;

    /// <summary>Begins the span of a call, in the trace that the client's <c>traceparent</c> names, or in a new one.</summary>
    public static Activity? StartCall(string method, IHeaderDictionary headers)
    {
        if (!Source.HasListeners() || !method.StartsWith(OwnMethods, StringComparison.Ordinal)) return null;
        // ASP.NET's activity is exported by nobody: as a parent it would be missing from every trace.
        Activity.Current = null;
        if (!ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out ActivityContext caller)) caller = default;
        Activity? call = Source.StartActivity(method[1..], ActivityKind.Server, caller);
        if (call is { IsAllDataRequested: true })
        {
            call.SetTag("rpc.system.name", "grpc");
            call.SetTag("rpc.method", method[1..]);
        }
        return call;
    }

    /// <summary>Ends the span of a call.</summary>
    /// <param name="call">From <see cref="StartCall"/>.</param>
    /// <param name="failure">Null when it succeeded.</param>
    public static void EndCall(Activity? call, ErrorEntry? failure)
    {
        if (call is null) return;
        if (call.IsAllDataRequested)
        {
            StatusCode status = failure?.Status ?? StatusCode.OK;
            call.SetTag("rpc.response.status_code", status == StatusCode.OK ? "OK" : ErrorEntry.UpperSnake(status.ToString()));
            if (failure is not null) call.SetTag("error.type", failure.Name);
            // A caller's mistake is no error of the server's span.
            if (status is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss)
                call.SetStatus(ActivityStatusCode.Error);
        }
        call.Dispose();
    }

    /// <summary>Begins a part of the recorded span around the present code; null where there is none.</summary>
    public static Activity? StartPart(string name) => Current is null ? null : Source.StartActivity(name);

    /// <summary>Begins the span of one batch, linked to every traced item in it; null when none is traced. Batches serve many traces, so each is one of its own.</summary>
    public static Activity? StartBatch(ReadOnlySpan<EncodeItem> items)
    {
        List<ActivityLink>? links = null;
        foreach (EncodeItem item in items)
        {
            if (item.Trace is { } trace) (links ??= []).Add(new ActivityLink(trace.Context));
        }
        if (links is null) return null;
        Activity.Current = null;
        Activity? batch = Source.StartActivity("encode.batch", ActivityKind.Internal, default(ActivityContext), tags: null, links);
        return batch?.SetTag("hashgrid.batch.images", items.Length);
    }
}
