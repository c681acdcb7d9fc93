using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using HashGrid.Server.Tests.Storage;
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
    public async Task Check_AfterTheStoreFailed_IngestAndTheWholeStopServingAndTheOthersGoOn()
    {
        FaultyFiles files = new("segment");
        await using TestServer server = await TestServer.StartAsync(files: files);
        Health.HealthClient health = new(server.Channel);
        using AsyncServerStreamingCall<HealthCheckResponse> watch = health.Watch(new HealthCheckRequest());
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.Serving));
        files.FailSyncs(new IOException("Input/output error", 5));
        using (IngestCall ingest = new(server.Channel))
        {
            await ingest.OpenAsync("health");
            await ingest.SendCodeAsync(1, 1, 1);
            await Rpc.FailsAsync(StatusCode.Unavailable, "STORE_READ_ONLY", ingest.EndAsync());
        }
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.NotServing));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await StatusAsync(health, ""), Is.EqualTo(ServingStatus.NotServing));
            Assert.That(await StatusAsync(health, "hashgrid.v1.Ingest"), Is.EqualTo(ServingStatus.NotServing));
            foreach (string other in (string[])["hashgrid.v1.Encoder", "hashgrid.v1.Search", "hashgrid.v1.Store"])
                Assert.That(await StatusAsync(health, other), Is.EqualTo(ServingStatus.Serving), other);
        }
        files.Heal();   // a store that failed stays failed: what it holds in memory is in doubt
        await Task.Delay(400);
        Assert.That(await StatusAsync(health, ""), Is.EqualTo(ServingStatus.NotServing));
    }

    [Test]
    public async Task Check_StoreFailsDuringWarmUp_TheWholeNeverServes()
    {
        using ManualResetEventSlim gate = new();
        FaultyFiles files = new("segment");
        await using TestServer server = await TestServer.StartAsync(encoder: new TinyEncoder { BeforeBatch = _ => gate.Wait(Within.Limit) }, waitReady: false, files: files);
        Health.HealthClient health = new(server.Channel);
        using AsyncServerStreamingCall<HealthCheckResponse> watch = health.Watch(new HealthCheckRequest());
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.NotServing));
        files.FailSyncs(new IOException("Input/output error", 5));
        using (IngestCall ingest = new(server.Channel))
        {
            await ingest.OpenAsync("health");
            await ingest.SendCodeAsync(1, 1, 1);
            await Rpc.FailsAsync(StatusCode.Unavailable, "STORE_READ_ONLY", ingest.EndAsync());
        }
        Task<bool> change = watch.ResponseStream.MoveNext(CancellationToken.None);
        gate.Set();
        await Within.Until(() => health.Check(new HealthCheckRequest { Service = "hashgrid.v1.Search" }).Status == ServingStatus.Serving, "searches to be served");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await StatusAsync(health, ""), Is.EqualTo(ServingStatus.NotServing));
            Assert.That(await StatusAsync(health, "hashgrid.v1.Ingest"), Is.EqualTo(ServingStatus.NotServing));
            Assert.That(change.IsCompleted, Is.False, "a watcher saw a change");
        }
    }

    [Test]
    public async Task Check_DuringTheDrain_NothingServes()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { DrainTimeout = TimeSpan.FromSeconds(20) });
        Health.HealthClient health = new(server.Channel);
        using IngestCall ingest = new(server.Channel);
        await ingest.OpenAsync("health");
        using ManualResetEventSlim gate = new();
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        await ingest.SendImageAsync(1, 1, TestImages.Png(1));
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 1, "the image to be held");
        Task stop = server.StopAsync();
        await Within.Until(() => server.Runtime.Draining.IsCancellationRequested, "the drain");
        foreach (string name in (string[])["", "hashgrid.v1.Encoder", "hashgrid.v1.Ingest", "hashgrid.v1.Search", "hashgrid.v1.Store"])
            Assert.That(await StatusAsync(health, name), Is.EqualTo(ServingStatus.NotServing), name);
        gate.Set();
        await ingest.EndAsync();
        await stop.Soon();
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

    private static async Task<ServingStatus> StatusAsync(Health.HealthClient health, string service) =>
        (await health.CheckAsync(new HealthCheckRequest { Service = service }).ResponseAsync.Soon()).Status;

    private static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.That(await watch.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        return watch.ResponseStream.Current.Status;
    }
}
