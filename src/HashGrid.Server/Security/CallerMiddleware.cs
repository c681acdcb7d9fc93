using System.Collections.Concurrent;
using System.Net;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Security;

/// <summary>Says who calls (API key, client certificate, or address), refuses whom nobody knows, and bounds the calls that one caller has open.</summary>
internal sealed class CallerMiddleware(RequestDelegate next, ServerOptions options, ApiKeys keys)
{
    private readonly ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);

    public async Task InvokeAsync(HttpContext context)
    {
        // Load balancers ask for health without credentials.
        if (context.Request.Path.StartsWithSegments("/grpc.health.v1.Health"))
        {
            await next(context);
            return;
        }
        string? caller = Identify(context);
        if (caller is null)
        {
            GrpcTrailers.Refuse(context, new Failure(ErrorReason.CallerUnknown, "the call carries no API key that this server knows; send metadata authorization: Bearer KEY"));
            return;
        }
        if (_open.AddOrUpdate(caller, 1, static (_, count) => count + 1) > options.MaxCallsPerCaller)
        {
            Leave(caller);
            GrpcTrailers.Refuse(context, new Failure(ErrorReason.CallerBusy, $"this caller has {options.MaxCallsPerCaller} calls open, which is the limit; try again after the hint"));
            return;
        }
        try
        {
            await next(context);
        }
        finally
        {
            Leave(caller);
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

    private void Leave(string caller)
    {
        // An entry at zero goes, so that addresses that called once are not kept for ever.
        int left = _open.AddOrUpdate(caller, 0, static (_, count) => count - 1);
        if (left == 0) _open.TryRemove(new KeyValuePair<string, int>(caller, 0));
    }
}
