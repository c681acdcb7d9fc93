using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace HashGrid.Server.Errors;

/// <summary>What a caller is told: an entry of the status table and one line about this occurrence.</summary>
public readonly record struct Failure(ErrorEntry Entry, string Message)
{
    /// <summary>The domain of <c>google.rpc.ErrorInfo</c>.</summary>
    public const string Domain = "hashgrid.v1";

    public Failure(ErrorReason reason, string message) : this(ErrorTable.Get(reason), message) { }

    /// <summary>The rich status: code, message, ErrorInfo, and RetryInfo where a retry can help.</summary>
    public RpcException ToRpcException() => ToRpcStatus().ToRpcException();

    internal Google.Rpc.Status ToRpcStatus()
    {
        var status = new Google.Rpc.Status
        {
            Code = (int)Entry.Status,
            Message = Message,
            Details = { Any.Pack(new ErrorInfo { Domain = Domain, Reason = Entry.Name }) },
        };
        if (Entry.RetryAfter is { } delay) status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        return status;
    }
}
