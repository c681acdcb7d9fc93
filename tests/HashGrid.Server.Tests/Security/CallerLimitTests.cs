using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Protos.V1;
using HashGrid.Server.Searching;
using HashGrid.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace HashGrid.Server.Tests.Security;

/// <summary>What one caller may have open: refused beyond it, free again however it ends, and nobody else's business.</summary>
[Category("EndToEnd")]
public sealed class CallerLimitTests
{
    [TestCase("end")]
    [TestCase("cancel")]
    [TestCase("disconnect")]
    public async Task Stream_MoreThanOneCallerMayOpen_IsRefusedUntilOneIsOver(string way)
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxStreamsPerCaller = 2, MetricsListen = "127.0.0.1:0" });
        GrpcChannel own = server.Connect();
        using IngestCall first = new(server.Channel), second = new(own);
        await first.OpenAsync("a");
        await second.OpenAsync("b");
        RpcException refused = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "CALLER_TOO_MANY_STREAMS", SearchOnAStreamAsync(server));
        Assert.That(refused.Status.Detail, Does.Contain("2 streams open").And.Contain("2 are allowed").And.Contain("try again"));
        await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();   // a call is no stream

        await EndAsync(way, second, own);
        await Within.Until(() => server.Runtime.Streams.Count == 1, "the stream to end");
        await UntilItSucceedsAsync(() => SearchOnAStreamAsync(server));
        string page = await PageAsync(server);
        Assert.That(page, Does.Match("""hashgrid_calls_total\{method="/hashgrid.v1.Search/SearchStream",reason="CALLER_TOO_MANY_STREAMS"\} [1-9]"""));
        Assert.That(page, Does.Match("""hashgrid_callers_refused_total\{reason="CALLER_TOO_MANY_STREAMS"\} [1-9]""").And.Contains("hashgrid_callers_open 1\n"));
    }

    [TestCase("cancel")]
    [TestCase("disconnect")]
    [TestCase("finish")]
    public async Task SearchByImage_WithAllPlacesTaken_IsRefusedUntilSomeAreFree(string way)
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxImagesPerCaller = 8, MetricsListen = "127.0.0.1:0" });
        using ManualResetEventSlim gate = new();
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        GrpcChannel own = server.Connect();
        using IngestCall ingest = new(own);
        await ingest.OpenAsync("a");
        Assert.That(ingest.Credits, Is.EqualTo(7), "an eighth is for calls");
        for (ulong i = 1; i <= 7; i++) await ingest.SendImageAsync(i, i, TestImages.Png((int)i));
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 7, "the stream's images to be in flight");
        Task<SearchReply> eighth = SearchByImageAsync(server);
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 8, "the search's image to be in flight");
        RpcException refused = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "CALLER_TOO_MANY_IMAGES", SearchByImageAsync(server));
        Assert.That(refused.Status.Detail, Does.Contain("8 images in flight").And.Contain("8 are allowed").And.Contain("try again"));

        if (way == "finish") gate.Set();
        else await EndAsync(way, ingest, own);
        await Within.Until(() => server.Runtime.Encoding.Budget.Items <= 2, "places to be free");   // one may be in the running batch
        Task<SearchReply> ninth = SearchByImageAsync(server);
        gate.Set();
        Assert.That((await eighth.Soon()).QueryCode, Is.Not.Null);
        Assert.That((await ninth.Soon()).QueryCode, Is.Not.Null);
        Assert.That(await PageAsync(server), Does.Contain("hashgrid_callers_refused_total{reason=\"CALLER_TOO_MANY_IMAGES\"} 1\n")
            .And.Contains("hashgrid_calls_total{method=\"/hashgrid.v1.Search/Nearest\",reason=\"CALLER_TOO_MANY_IMAGES\"} 1\n"));
    }

    [Test]
    public async Task Search_BesideSeventeenStreamsOfTheSameCaller_IsAnsweredAndSoIsEveryQueryOfTheStreams()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ConcurrentSearches = 1 });
        SearchGate gate = server.Services.GetRequiredService<SearchGate>();
        await gate.EnterAsync(gate.OpenCaller().Single, CancellationToken.None).Soon();   // nobody else runs until it leaves
        List<AsyncDuplexStreamingCall<SearchRequest, SearchReply>> streams = [];
        for (int i = 0; i < 17; i++)
        {
            AsyncDuplexStreamingCall<SearchRequest, SearchReply> stream = server.SearchClient.SearchStream();
            streams.Add(stream);
            for (ulong tag = 0; tag < 64; tag++) await stream.RequestStream.WriteAsync(new SearchRequest { Tag = tag, Nearest = ByCode() }).Soon();
            await stream.RequestStream.CompleteAsync().Soon();
        }
        await Within.Until(() => gate.Waiting == 448, "the streams to take all places that they may");
        Task<SearchReply>[] single = [.. Enumerable.Range(0, 30).Select(_ => server.SearchClient.NearestAsync(ByCode()).ResponseAsync)];
        await Within.Until(() => gate.Waiting == 448 + single.Length, "the single searches to be let in");
        gate.Leave();
        await Task.WhenAll(single).Soon();
        foreach (AsyncDuplexStreamingCall<SearchRequest, SearchReply> stream in streams)
        {
            int answered = 0;
            for (; await stream.ResponseStream.MoveNext(CancellationToken.None).Soon(); answered++) Assert.That(stream.ResponseStream.Current.Error, Is.Null);
            Assert.That(answered, Is.EqualTo(64));
            stream.Dispose();
        }
        await Within.Until(() => gate.InFlight == 0, "all places to come back");
    }

    [Test]
    public async Task Encode_MoreImagesThanPlaces_WaitsAndAnswersAll()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxImagesPerCaller = 4 });
        using ManualResetEventSlim gate = new();
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode();
        for (ulong i = 1; i <= 10; i++) await call.RequestStream.WriteAsync(new EncodeRequest { Tag = i, Image = ByteString.CopyFrom(TestImages.Png((int)i)) }).Soon();
        await call.RequestStream.CompleteAsync().Soon();
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 4, "all places to be taken");
        await Task.Delay(100);
        Assert.That(server.Runtime.Encoding.Budget.Items, Is.EqualTo(4));
        gate.Set();
        HashSet<ulong> answered = [];
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon())
        {
            Assert.That(call.ResponseStream.Current.Error, Is.Null);
            answered.Add(call.ResponseStream.Current.Tag);
        }
        Assert.That(answered, Has.Count.EqualTo(10));
    }

    [Test]
    public async Task Ingest_ImagesThatFail_GiveTheirPlacesBack()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxImagesPerCaller = 2 });
        server.Encoder.Poison = _ => true;
        using IngestCall ingest = new(server.Channel);
        await ingest.OpenAsync("a");
        for (ulong i = 1; i <= 6; i++)
        {
            await ingest.SendImageAsync(i, i, TestImages.Png((int)i));
            await ingest.AcknowledgedAsync(i);
        }
        server.Encoder.Poison = null;
        await ingest.SendImageAsync(7, 7, TestImages.Png(7));
        await ingest.CompleteAsync();
        await ingest.EndAsync();
        Assert.That((ingest.Acknowledged, ingest.Errors.Count), Is.EqualTo((7, 6)));
    }

    [Test]
    public async Task Call_OfAnotherKey_HasLimitsOfItsOwnAndUnknownOnesAreCounted()
    {
        using TempFolder folder = new();
        string keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "surgery:0123456789abcdef\noncology:fedcba9876543210\n");
        await using TestServer server = await TestServer.StartAsync(
            new ServerOptions { ApiKeysPath = keys, ApiKeysForLocal = true, MaxCallsPerCaller = 1, MetricsListen = "127.0.0.1:0" });
        using AsyncDuplexStreamingCall<SearchRequest, SearchReply> held = server.SearchClient.SearchStream(Key("0123456789abcdef"));
        await held.RequestStream.WriteAsync(new SearchRequest { Tag = 1, Nearest = ByCode() }).Soon();
        Assert.That(await held.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        await Rpc.FailsAsync(StatusCode.ResourceExhausted, "CALLER_BUSY", server.StoreClient.StatsAsync(new StatsRequest(), Key("0123456789abcdef")).ResponseAsync);
        await server.StoreClient.StatsAsync(new StatsRequest(), Key("fedcba9876543210")).ResponseAsync.Soon();
        await Rpc.FailsAsync(StatusCode.Unauthenticated, "CALLER_UNKNOWN", server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync);
        string page = await PageAsync(server);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page, Does.Contain("hashgrid_calls_total{method=\"/hashgrid.v1.Store/Stats\",reason=\"CALLER_BUSY\"} 1\n"));
            Assert.That(page, Does.Contain("hashgrid_calls_total{method=\"/hashgrid.v1.Store/Stats\",reason=\"CALLER_UNKNOWN\"} 1\n"));
            Assert.That(page, Does.Contain("hashgrid_callers_refused_total{reason=\"CALLER_BUSY\"} 1\n").And.Contains("hashgrid_callers_refused_total{reason=\"CALLER_UNKNOWN\"} 1\n"));
            Assert.That(page, Does.Not.Contain("surgery").And.Not.Contain("oncology"), "names of callers are nobody's business");
        }
    }

    [Test]
    public async Task Call_OfAMethodThatIsNone_IsCountedWithoutItsName()
    {
        using TempFolder folder = new();
        string keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "ward:0123456789abcdef\n");
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeysPath = keys, ApiKeysForLocal = true, MetricsListen = "127.0.0.1:0" });
        Marshaller<byte[]> bytes = Marshallers.Create(static value => value, static value => value);
        Method<byte[], byte[]> made = new(MethodType.Unary, "made.up.Service", "Name", bytes, bytes);
        await Rpc.FailsAsync(StatusCode.Unauthenticated, "CALLER_UNKNOWN", server.Channel.CreateCallInvoker().AsyncUnaryCall(made, null, new CallOptions(), []).ResponseAsync);
        Assert.That(await PageAsync(server), Does.Contain("hashgrid_calls_total{method=\"unknown\",reason=\"CALLER_UNKNOWN\"} 1\n").And.Not.Contains("made.up"));
    }

    private static async Task EndAsync(string way, IngestCall stream, GrpcChannel connection)
    {
        if (way == "disconnect")
        {
            connection.Dispose();
        }
        else if (way == "cancel")
        {
            stream.Dispose();
        }
        else
        {
            await stream.CompleteAsync();
            await stream.EndAsync();
        }
    }

    // The call is over for its client before the server has put it away.
    private static async Task UntilItSucceedsAsync(Func<Task> call)
    {
        DateTime end = DateTime.UtcNow + Within.Limit;
        while (true)
        {
            try
            {
                await call().Soon();
                return;
            }
            catch (RpcException busy) when (busy.StatusCode == StatusCode.ResourceExhausted && DateTime.UtcNow < end)
            {
                await Task.Delay(5);
            }
        }
    }

    private static async Task SearchOnAStreamAsync(TestServer server)
    {
        using AsyncDuplexStreamingCall<SearchRequest, SearchReply> call = server.SearchClient.SearchStream();
        try
        {
            await call.RequestStream.WriteAsync(new SearchRequest { Tag = 1, Nearest = ByCode() }).Soon();
            await call.RequestStream.CompleteAsync().Soon();
        }
        catch (Exception ended) when (ended is RpcException or InvalidOperationException)
        {
            // Refused before the request was written: reading tells why.
        }
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        Assert.That(call.ResponseStream.Current.Tag, Is.EqualTo(1));
    }

    private static async Task<SearchReply> SearchByImageAsync(TestServer server) =>
        await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(TestImages.Png(77)) }, K = 1 });

    private static NearestRequest ByCode() => new() { Query = new Query { Code = Codes.Of(1) }, K = 1 };

    private static Metadata Key(string key) => new() { { "authorization", "Bearer " + key } };

    private static async Task<string> PageAsync(TestServer server)
    {
        using HttpClient http = new();
        return await http.GetStringAsync($"{server.MetricsUrl}/metrics").Soon();
    }
}
