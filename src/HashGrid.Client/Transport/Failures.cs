using Google.Rpc;
using Grpc.Core;

namespace HashGrid.Client.Transport;

/// <summary>Tells a lost connection from a refusal.</summary>
internal static class Failures
{
    /// <summary>The same stream may well work on another connection, or a little later.</summary>
    public static bool IsTransient(RpcException exception) => exception.StatusCode switch
    {
        StatusCode.Unavailable => true,
        // Another writer took the stream over: coming back would only start a fight.
        StatusCode.Aborted => false,
        // What a server that aborts its connections at shutdown leaves behind; a cancellation of ours never gets here.
        StatusCode.Cancelled => true,
        StatusCode.Internal or StatusCode.Unknown => exception.Status.DebugException is HttpRequestException or IOException,
        _ => RetryAfter(exception) is not null,
    };

    public static TimeSpan? RetryAfter(RpcException exception) =>
        exception.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
}
