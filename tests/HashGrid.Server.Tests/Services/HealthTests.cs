using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using HashGrid.Server.Tests.Support;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace HashGrid.Server.Tests.Services;

[Category("EndToEnd")]
public sealed class HealthTests
{
    [TestCase("")]
    [TestCase("hashgrid.v1.Encoder")]
    [TestCase("hashgrid.v1.Ingest")]
    [TestCase("hashgrid.v1.Search")]
    [TestCase("hashgrid.v1.Store")]
    public async Task Check_BeforeAndAfterWarmUp_FlipsToServing(string service)
    {
        using ManualResetEventSlim gate = new();
        TinyEncoder encoder = new() { BeforeBatch = _ => gate.Wait(Within.Limit) };
        await using TestServer server = await TestServer.StartAsync(encoder: encoder, waitReady: false);
        Health.HealthClient health = new(server.Channel);
        Assert.That((await health.CheckAsync(new HealthCheckRequest { Service = service }).ResponseAsync.Soon()).Status, Is.EqualTo(ServingStatus.NotServing));
        gate.Set();
        await Within.Until(() => health.Check(new HealthCheckRequest { Service = service }).Status == ServingStatus.Serving, "SERVING");
    }

    [Test]
    public async Task Watch_WhenTheServerStops_TellsNotServingAndEnds()
    {
        await using TestServer server = await TestServer.StartAsync();
        using AsyncServerStreamingCall<HealthCheckResponse> watch = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest());
        Assert.That(await watch.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        Assert.That(watch.ResponseStream.Current.Status, Is.EqualTo(ServingStatus.Serving));
        await server.StopAsync().Soon();
        Assert.That(async () =>
        {
            while (await watch.ResponseStream.MoveNext(CancellationToken.None).Soon()) { }
        }, Throws.Nothing);
    }

    [Test]
    public async Task Reflection_ListServices_NamesAllFour()
    {
        await using TestServer server = await TestServer.StartAsync();
        using AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> call = new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }).Soon();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        Assert.That(call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name),
            Is.SupersetOf(new[] { "hashgrid.v1.Encoder", "hashgrid.v1.Ingest", "hashgrid.v1.Search", "hashgrid.v1.Store", "grpc.health.v1.Health" }));
        await call.RequestStream.CompleteAsync().Soon();
    }
}
