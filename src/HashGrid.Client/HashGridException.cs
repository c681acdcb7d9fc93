using Google.Rpc;
using Grpc.Core;
using HashGrid.Client.Transport;

namespace HashGrid.Client;

/// <summary>The server refused a call, or could not be reached.</summary>
public sealed class HashGridException : Exception
{
    /// <summary>Creates the exception from its parts.</summary>
    public HashGridException(StatusCode status, string reason, string message, TimeSpan? retryAfter = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Status = status;
        Reason = reason;
        RetryAfter = retryAfter;
    }

    /// <summary>Whose fault it is and who can act, in gRPC's words.</summary>
    public StatusCode Status { get; }

    /// <summary>Stable name for programs, such as <c>UNKNOWN_ID</c>; <c>UNREACHABLE</c> when no server answered, <c>CONNECTION_LOST</c> when the connection ended before the answer; empty when the server gave none.</summary>
    public string Reason { get; }

    /// <summary>When to try again, if the server said so.</summary>
    public TimeSpan? RetryAfter { get; }

    internal static HashGridException From(RpcException exception, string address)
    {
        if (Failures.IsLostConnection(exception))
        {
            return new HashGridException(StatusCode.Unavailable, "CONNECTION_LOST",
                $"the connection to {address} was lost before the answer came ({Innermost(exception.Status.DebugException!).Message}); whether the call was carried out is not known, try again",
                retryAfter: null, exception);
        }
        Google.Rpc.Status? rich = exception.GetRpcStatus();
        string reason = rich?.GetDetail<ErrorInfo>()?.Reason ?? "";
        TimeSpan? retryAfter = rich?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
        // A status without a trailer came from this side: the transport's own words name neither the server nor what to do.
        bool unreachable = exception is { StatusCode: StatusCode.Unavailable, Status.DebugException: not null };
        string message = unreachable
            ? $"no HashGrid server answers at {address} ({Innermost(exception.Status.DebugException!).Message}); start one with `hashgrid serve`, or correct the address"
            : exception.Status.Detail;
        return new HashGridException(exception.StatusCode, unreachable ? "UNREACHABLE" : reason, message, retryAfter, exception);
    }

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
            exception = inner;
        return exception;
    }
}
