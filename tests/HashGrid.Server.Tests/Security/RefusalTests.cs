using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Security;

/// <summary>Calls that are refused before their request is read: each of many at once has to be told why.</summary>
[Category("EndToEnd")]
public sealed class RefusalTests
{
    [TestCase(100)]
    [TestCase(60_000)]
    [TestCase(1_500_000)]
    public async Task Call_ManyRefusedAtOnceWithRequestsUnread_AllAreToldWhy(int bytes)
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxCallsPerCaller = 1 });
        using IngestCall holder = new(server.Connect());
        await holder.OpenAsync("holder");
        NearestRequest request = new() { K = 1, Query = new Query { Image = ByteString.CopyFrom(new byte[bytes]) } };
        ConcurrentDictionary<string, int> outcomes = new();
        int calls = bytes > 1_000_000 ? 40 : bytes > 1000 ? 400 : 6000;
        for (int round = 0; round < 5; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, calls).Select(async _ =>
            {
                try
                {
                    await server.SearchClient.NearestAsync(request);
                    outcomes.AddOrUpdate("OK", 1, static (_, count) => count + 1);
                }
                catch (RpcException refused)
                {
                    string outcome = $"{refused.StatusCode} {refused.GetRpcStatus()?.GetDetail<Google.Rpc.ErrorInfo>()?.Reason} {(refused.StatusCode == StatusCode.ResourceExhausted ? "" : refused.Status.DebugException)}";
                    outcomes.AddOrUpdate(outcome, 1, static (_, count) => count + 1);
                }
            })).Soon();
        }
        Assert.That(outcomes, Is.EquivalentTo(new Dictionary<string, int> { ["ResourceExhausted CALLER_BUSY "] = 5 * calls }));
    }
}
