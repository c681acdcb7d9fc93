using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using HashGrid.Client;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;
using SearchRequest = HashGrid.Protos.V1.SearchRequest;

namespace HashGrid.Server.Tests.Telemetry;

[Category("EndToEnd")]
public sealed class TracingTests
{
    private const string Secret = "zebra-7731";

    [Test]
    public async Task Search_ByImage_TellsEveryStepInTheClientsTrace()
    {
        using SpanRecorder spans = new();
        await using TestServer server = await TestServer.StartAsync();
        using Activity caller = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C);
        caller.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        caller.Start();
        await using (HashGridClient client = new(server.Url))
            await client.NearestAsync(SearchQuery.ByImage(TestImages.Png(1)), 1).Soon();
        caller.Stop();

        Activity call = await spans.OneAsync("hashgrid.v1.Search/Nearest");
        Activity batch = await spans.OneAsync("encode.batch");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(call.TraceId, Is.EqualTo(caller.TraceId), "the client library sends the trace, and the server goes on with it");
            Assert.That(call.HasRemoteParent, Is.True);
            Assert.That(call.GetTagItem("rpc.response.status_code"), Is.EqualTo("OK"));
            Assert.That(spans.ChildrenOf(call).OrderBy(part => part.StartTimeUtc).Select(part => part.OperationName),
                Is.EqualTo(new[] { "encode.queue", "encode.decode", "encode.ready", "encode.forward", "search.gate", "search.index", "search.fetch" }));
            Assert.That(spans.Named("search.index")[0].GetTagItem("hashgrid.search.engine"), Is.EqualTo("scan"));
            Assert.That(batch.Links.Single().Context.SpanId, Is.EqualTo(call.SpanId));
            Assert.That(batch.ParentSpanId, Is.EqualTo(default(ActivitySpanId)));
            Assert.That(batch.GetTagItem("hashgrid.batch.images"), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Ingest_Stream_IsOneSpanAndItsTracedItemsLinkToIt()
    {
        using SpanRecorder spans = new();
        await using TestServer server = await TestServer.StartAsync();
        using (IngestCall call = new(server.Channel))
        {
            await call.OpenAsync(Secret);
            await call.SendImageAsync(1, 7731, TestImages.Png(1), [Secret]);
            await call.AcknowledgedAsync(1);
            await call.CompleteAsync();
            await call.EndAsync();
        }
        Activity stream = await spans.OneAsync("hashgrid.v1.Ingest/Stream"), item = await spans.OneAsync("ingest.item");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(item.Links.Single().Context, Is.EqualTo(stream.Context));
            Assert.That(item.TraceId, Is.Not.EqualTo(stream.TraceId));
            Assert.That(spans.ChildrenOf(item).OrderBy(part => part.StartTimeUtc).Select(part => part.OperationName),
                Is.EqualTo(new[] { "encode.admission", "encode.queue", "encode.decode", "encode.ready", "encode.forward", "store.commit", "index.apply" }));
            Assert.That(spans.ChildrenOf(stream), Is.Empty);
        }
    }

    [Test]
    public async Task Spans_OfItemsWithSecrets_HoldNoneOfThem()
    {
        using SpanRecorder spans = new();
        await using TestServer server = await TestServer.StartAsync();
        using (IngestCall call = new(server.Channel))
        {
            await call.OpenAsync(Secret);
            await call.SendImageAsync(1, 77317731, TestImages.Png(1), [Secret]);
            await call.SendCodeAsync(2, 77317731, 5, [Secret]);   // a conflict
            await call.AcknowledgedAsync(2);
            await call.CompleteAsync();
            await call.EndAsync();
        }
        var byId = new NearestRequest { Query = new Query { Id = 77317731 }, K = 1, Filter = new SearchFilter { AnyLabel = { Secret } } };
        await server.SearchClient.NearestAsync(byId).ResponseAsync.Soon();
        await Rpc.FailsAsync(StatusCode.NotFound, "ID_UNKNOWN", server.StoreClient.GetAsync(new GetRequest { Id = 77317732 }).ResponseAsync);
        await server.StoreClient.RemoveAsync(new RemoveRequest { Id = 77317731 }).ResponseAsync.Soon();
        await spans.OneAsync("hashgrid.v1.Store/Remove");
        await spans.OneAsync("ingest.item");
        string everything = string.Join('\n', spans.Spans.Select(span => string.Join(' ',
            [span.DisplayName, span.StatusDescription ?? "", .. span.TagObjects.Select(tag => string.Create(CultureInfo.InvariantCulture, $"{tag.Key}={tag.Value}"))])));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(everything, Does.Not.Contain(Secret).And.Not.Contains("7731").And.Not.Contains("image 7"));
            Assert.That(everything, Does.Contain("error.type=ID_UNKNOWN").And.Contains("rpc.response.status_code=NOT_FOUND"));
            Assert.That(spans.Spans, Has.All.Property(nameof(Activity.Status)).EqualTo(ActivityStatusCode.Unset), "a caller's mistake is no error of the server");
        }
    }

    [Test]
    public async Task SearchStream_OfManyQueries_TracesTheFirstAndFewMore()
    {
        using SpanRecorder spans = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { TracedItemsPerSecond = 1 });
        long start = Stopwatch.GetTimestamp();
        using AsyncDuplexStreamingCall<SearchRequest, SearchReply> call = server.SearchClient.SearchStream();
        for (ulong tag = 0; tag < 500; tag++)
        {
            await call.RequestStream.WriteAsync(new SearchRequest { Tag = tag, Nearest = new NearestRequest { Query = new Query { Code = Codes.Of(tag) }, K = 1 } }).Soon();
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        }
        await call.RequestStream.CompleteAsync().Soon();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.False);
        Activity stream = await spans.OneAsync("hashgrid.v1.Search/SearchStream");
        int most = 2 + (int)Math.Ceiling(Stopwatch.GetElapsedTime(start).TotalSeconds);
        Activity[] queries = spans.Named("search.query");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(queries, Has.Length.InRange(1, most));
            Assert.That(spans.Named("search.index"), Has.Length.EqualTo(queries.Length), "queries that are not traced leave no parts behind");
            Assert.That(queries, Has.All.Matches<Activity>(query => query!.Links.Single().Context.SpanId == stream.SpanId));
        }
    }

    [Test]
    public async Task Encode_StreamWithTracedItemsOff_IsOneSpan()
    {
        using SpanRecorder spans = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { TracedItemsPerSecond = 0 });
        using (AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode())
        {
            await call.RequestStream.WriteAsync(new EncodeRequest { Image = ByteString.CopyFrom(TestImages.Png(1)) }).Soon();
            await call.RequestStream.CompleteAsync().Soon();
            while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon()) { }
        }
        await spans.OneAsync("hashgrid.v1.Encoder/Encode");
        Assert.That(spans.Spans.Select(span => span.OperationName), Is.EqualTo(new[] { "hashgrid.v1.Encoder/Encode" }));
    }

    [Test]
    public async Task Call_ThatFailsByTheServer_IsAnErrorWithItsReason()
    {
        using SpanRecorder spans = new();
        using ManualResetEventSlim gate = new();
        TinyEncoder encoder = new();
        await using TestServer server = await TestServer.StartAsync(encoder: encoder);
        encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        Task late = server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(TestImages.Png(1)) }, K = 1 },
            deadline: DateTime.UtcNow.AddSeconds(0.3)).ResponseAsync;
        Assert.That(() => late.Soon(), Throws.InstanceOf<RpcException>());
        Activity call = await spans.OneAsync("hashgrid.v1.Search/Nearest");
        gate.Set();
        Assert.That((call.Status, call.GetTagItem("error.type")), Is.EqualTo((ActivityStatusCode.Error, (object)"DEADLINE_EXCEEDED")));
    }
}
