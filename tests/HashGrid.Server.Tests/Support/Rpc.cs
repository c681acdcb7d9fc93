using Google.Rpc;
using Grpc.Core;

namespace HashGrid.Server.Tests.Support;

/// <summary>Asserts how a call failed: status, reason, and one readable line.</summary>
internal static class Rpc
{
    public static async Task<RpcException> FailsAsync(StatusCode status, string reason, Task call)
    {
        RpcException? failure = null;
        try
        {
            await call.Soon();
        }
        catch (RpcException caught)
        {
            failure = caught;
        }
        Assert.That(failure, Is.Not.Null, "the call succeeded");
        Check(failure!, status, reason);
        return failure!;
    }

    private static void Check(RpcException failure, StatusCode status, string reason)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.StatusCode, Is.EqualTo(status), failure.Status.Detail);
            Assert.That(failure.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason, Is.EqualTo(reason));
            Assert.That(failure.Status.Detail, Is.Not.Empty.And.Not.Contains("\n"));
        }
    }
}
