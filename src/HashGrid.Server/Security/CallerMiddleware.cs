using System.IO.Pipelines;
using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Security;

/// <summary>Says who calls (API key, client certificate, or address), refuses whom nobody knows, and bounds what one caller has open.</summary>
internal sealed class CallerMiddleware(RequestDelegate next, ServerOptions options, ApiKeys keys, Callers callers, ServerMetrics metrics, ILogger<CallerMiddleware> logger)
{
    // A caller that is refused may not hold a stream open by sending slowly.
    private static readonly TimeSpan SkipTimeout = TimeSpan.FromSeconds(5);

    public async Task InvokeAsync(HttpContext context)
    {
        // Load balancers ask for health without credentials.
        if (context.Request.Path.StartsWithSegments("/grpc.health.v1.Health"))
        {
            await next(context);
            return;
        }
        IMethod? method = context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method;
        if (Identify(context) is not { } name)
        {
            await RefuseAsync(context, method, new Failure(ErrorReason.CallerUnknown, "the call carries no API key that this server knows; send metadata authorization: Bearer KEY"));
            return;
        }
        bool stream = method is { Type: not MethodType.Unary };
        if (callers.Enter(name, stream, out Failure refusal) is not { } caller)
        {
            await RefuseAsync(context, method, refusal);
            return;
        }
        context.Features.Set(caller);
        try
        {
            await next(context);
        }
        finally
        {
            callers.Leave(caller, stream);
        }
    }

    private async Task RefuseAsync(HttpContext context, IMethod? method, Failure failure)
    {
        // Never the path as it came: anybody could fill the metrics with made-up names.
        string name = method?.FullName ?? "unknown";
        metrics.CallEnded(name, failure.Entry.Reason);
        metrics.CallerRefused(failure.Entry.Reason);
        logger.CallFailed(name, failure.Entry.Name);
        // A stream has no end to wait for. A request that is left unread makes Kestrel reset its stream, and many of them, close the connection with
        // everything else on it: ENHANCE_YOUR_CALM.
        if (method is { Type: MethodType.Unary }) await SkipAsync(context);
        GrpcTrailers.Refuse(context, failure);
    }

    /// <summary>Reads the request to its end, as far as one that would be taken may go.</summary>
    private async Task SkipAsync(HttpContext context)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(SkipTimeout);
        try
        {
            long left = options.MaxMessageBytes;
            while (left > 0)
            {
                ReadResult read = await context.Request.BodyReader.ReadAsync(limit.Token);
                left -= read.Buffer.Length;
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) return;
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException)
        {
            // Too slow, or gone: it is refused as it is.
        }
    }

    private string? Identify(HttpContext context)
    {
        if (keys.Find(context.Request.Headers.Authorization) is { } name) return "key " + name;
        bool local = context.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address);
        if (options.ApiKeysPath is not null && (options.ApiKeysForLocal || !local)) return null;
        if (context.Connection.ClientCertificate is { } certificate) return "certificate " + certificate.Thumbprint;
        return local ? "local" : "address " + context.Connection.RemoteIpAddress;
    }
}
