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
        _ => IsLostConnection(exception) || RetryAfter(exception) is not null,
    };

    /// <summary>
    /// The connection ended with an error of HTTP/2 before the answer came, as after pings that nobody answered: one side was suspended. gRPC gives
    /// such calls the status that belongs to the error's number, most often INTERNAL, as if the server had a bug.
    /// </summary>
    public static bool IsLostConnection(RpcException exception) =>
        exception is { StatusCode: StatusCode.Internal or StatusCode.Unknown or StatusCode.ResourceExhausted, Status.DebugException: HttpRequestException or IOException };

    public static TimeSpan? RetryAfter(RpcException exception) =>
        exception.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
}
