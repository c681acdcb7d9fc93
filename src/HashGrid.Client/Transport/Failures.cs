using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Proto = HashGrid.Protos.V1;

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

    /// <summary>
    /// A refusal that is about the server's moment and no outcome of the item: it stops, or has not caught up after its start. As the failure of a
    /// connection, to be tried again; null for any other refusal, and for none.
    /// </summary>
    public static RpcException? Postponement(Proto.ItemError? error)
    {
        if (error is not { Code: (uint)StatusCode.Unavailable, Reason: "SERVER_DRAINING" or "SERVER_STARTING" or "INDEX_CATCHING_UP" })
            return null;
        return new Google.Rpc.Status
        {
            Code = (int)error.Code,
            Message = error.Message,
            Details =
            {
                Any.Pack(new ErrorInfo { Domain = "hashgrid.v1", Reason = error.Reason }),
                // Says that a retry helps, also on a first connection; how long to wait, the back-off says.
                Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.Zero) }),
            },
        }.ToRpcException();
    }

    public static TimeSpan? RetryAfter(RpcException exception) =>
        exception.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
}
