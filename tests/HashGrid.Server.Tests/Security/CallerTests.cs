using Grpc.Core;
using Grpc.Health.V1;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Security;

[Category("EndToEnd")]
public sealed class CallerTests
{
    [Test]
    public async Task Call_WithKeysAsked_NeedsAKnownOneButHealthDoesNot()
    {
        using TempFolder folder = new();
        string keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "ward:0123456789abcdef\n");
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeysPath = keys, ApiKeysForLocal = true });
        await Rpc.FailsAsync(StatusCode.Unauthenticated, "CALLER_UNKNOWN", StatsAsync(server, null));
        await Rpc.FailsAsync(StatusCode.Unauthenticated, "CALLER_UNKNOWN", StatsAsync(server, "Bearer 0000000000000000"));
        Assert.That((await StatsAsync(server, "Bearer 0123456789abcdef").Soon()).State, Is.EqualTo("ready"));
        HealthCheckResponse health = await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest()).ResponseAsync.Soon();
        Assert.That(health.Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
    }

    [Test]
    public async Task Call_WithKeysForOthers_NeedsNoneOnThisMachine()
    {
        using TempFolder folder = new();
        string keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "ward:0123456789abcdef\n");
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeysPath = keys });
        Assert.That((await StatsAsync(server, null).Soon()).State, Is.EqualTo("ready"));
    }

    [Test]
    public async Task Call_MoreThanOneCallerMayOpen_IsRefusedUntilOneEnds()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxCallsPerCaller = 2 });
        IngestCall first = new(server.Channel), second = new(server.Channel);
        await first.OpenAsync("a");
        await second.OpenAsync("b");
        await Rpc.FailsAsync(StatusCode.ResourceExhausted, "CALLER_BUSY", StatsAsync(server, null));
        await second.CompleteAsync();
        await second.EndAsync();
        await Within.Until(() => server.Runtime.Streams.Count == 1, "the stream to end");
        Assert.That((await StatsAsync(server, null).Soon()).State, Is.EqualTo("ready"));
        first.Dispose();
        second.Dispose();
    }

    private static async Task<StatsReply> StatsAsync(TestServer server, string? authorization)
    {
        Metadata headers = [];
        if (authorization is not null) headers.Add("authorization", authorization);
        return await server.StoreClient.StatsAsync(new StatsRequest(), headers);
    }
}
