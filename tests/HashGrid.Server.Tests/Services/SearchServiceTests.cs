using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

[Category("EndToEnd")]
public sealed class SearchServiceTests
{
    private const int Seed = 20262;
    private readonly Dictionary<ulong, ulong> _codes = [];
    private readonly Dictionary<ulong, string[]> _labels = [];
    private TestServer _server = null!;
    private ulong _sequence;

    [OneTimeSetUp]
    public async Task OneTimeSetUp()
    {
        _server = await TestServer.StartAsync();
        Random random = new(Seed);
        using IngestCall call = new(_server.Channel);
        await call.OpenAsync("fill");
        for (ulong i = 1; i <= 300; i++)
        {
            ulong id = i * 1000;
            _codes[id] = (ulong)random.NextInt64(1 << 20);   // few bits, so that many codes tie
            _labels[id] = i % 3 == 0 ? ["Effusion"] : i % 3 == 1 ? ["Mass", "Nodule"] : [];
            while (call.Credits < i) await call.NextAsync();
            await call.SendCodeAsync(i, id, _codes[id], _labels[id]);
        }
        await call.AcknowledgedAsync(300);
        _sequence = call.StoreSequence;
    }

    [OneTimeTearDown]
    public async Task OneTimeTearDown() => await _server.DisposeAsync();

    [TestCase(1u)]
    [TestCase(10u)]
    [TestCase(299u)]
    [TestCase(10_000u)]
    public async Task Nearest_ByCode_EqualsBruteForce(uint k)
    {
        SearchReply reply = await NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(0x3FF) }, K = k });
        Assert.That(reply.Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance)), Is.EqualTo(Brute(0x3FF).Take((int)k)));
        Assert.That((reply.Exact, reply.More, reply.SeenSequence), Is.EqualTo((true, false, _sequence)));
        Assert.That(reply.Cost.Engine, Is.EqualTo("scan").Or.EqualTo("multi-index").Or.EqualTo("clusters"));
    }

    [Test]
    public async Task Nearest_ById_FindsItselfAtDistanceZero()
    {
        SearchReply reply = await NearestAsync(new NearestRequest { Query = new Query { Id = 6000 }, K = 300 });
        Assert.That(reply.Neighbors.Where(neighbor => neighbor.Distance == 0).Select(neighbor => neighbor.Id), Does.Contain(6000ul));
    }

    [Test]
    public async Task Nearest_WithCodesAndLabels_ReturnsThem()
    {
        SearchReply reply = await NearestAsync(new NearestRequest { Query = new Query { Id = 1000 }, K = 5, IncludeCodes = true });
        foreach (Neighbor neighbor in reply.Neighbors)
        {
            Assert.That(neighbor.Code.Word(), Is.EqualTo(_codes[neighbor.Id]));
            Assert.That(neighbor.Labels, Is.EqualTo(_labels[neighbor.Id]));
        }
    }

    [Test]
    public async Task Nearest_ByImage_EncodesItAndTellsTheCode()
    {
        byte[] png = TestImages.Png(1);
        SearchReply reply = await NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(png) }, K = 5 });
        Assert.That(reply.Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance)), Is.EqualTo(Brute(reply.QueryCode.Word()).Take(5)));
    }

    [Test]
    public async Task Nearest_WithLabelFilter_KeepsThoseThatCarryOne()
    {
        SearchReply reply = await NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(7) }, K = 20, Filter = new SearchFilter { AnyLabel = { "Nodule", "nothing" } } });
        Assert.That(reply.Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance)), Is.EqualTo(Brute(7).Where(found => _labels[found.Id].Contains("Nodule")).Take(20)));
    }

    [Test]
    public async Task Nearest_WithLabelThatSharesABitOfTheIndex_FindsNothingOfTheOther()
    {
        // The index keeps 64 bits for all labels: of 300 that nobody carries some share one with a label that is carried.
        foreach (int i in Enumerable.Range(0, 300))
        {
            SearchReply reply = await NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(7) }, K = 20, Filter = new SearchFilter { AnyLabel = { $"finding {i}" } } });
            Assert.That((reply.Neighbors.Count, reply.Exact), Is.EqualTo((0, true)), $"finding {i}");
        }
    }

    [TestCase(0u)]
    [TestCase(5u)]
    [TestCase(64u)]
    public async Task Within_AnyRadius_EqualsBruteForce(uint radius)
    {
        SearchReply reply = await _server.SearchClient.WithinAsync(new WithinRequest { Query = new Query { Id = 3000 }, Radius = radius }).ResponseAsync.Soon();
        Assert.That(reply.Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance)), Is.EqualTo(Brute(_codes[3000]).Where(found => found.Distance <= radius)));
        Assert.That(reply.More, Is.False);
    }

    [Test]
    public async Task Within_MoreThanTheLimit_KeepsTheNearestAndSaysSo()
    {
        SearchReply reply = await _server.SearchClient.WithinAsync(new WithinRequest { Query = new Query { Id = 3000 }, Radius = 64, Limit = 7 }).ResponseAsync.Soon();
        Assert.That(reply.Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance)), Is.EqualTo(Brute(_codes[3000]).Take(7)));
        Assert.That(reply.More, Is.True);
    }

    [Test]
    public async Task SearchStream_GoodAndBadQueries_AnswersEachByItsTag()
    {
        using AsyncDuplexStreamingCall<SearchRequest, SearchReply> call = _server.SearchClient.SearchStream();
        for (uint i = 1; i <= 200; i++)
        {
            // Every tenth asks for 0 neighbours.
            await call.RequestStream.WriteAsync(new SearchRequest { Tag = i, Nearest = new NearestRequest { Query = new Query { Code = Codes.Of(i) }, K = i % 10 } }).Soon();
        }
        await call.RequestStream.WriteAsync(new SearchRequest { Tag = 201, Within = new WithinRequest { Query = new Query { Id = 2000 }, Radius = 3 } }).Soon();
        await call.RequestStream.WriteAsync(new SearchRequest { Tag = 202 }).Soon();
        await call.RequestStream.CompleteAsync().Soon();
        Dictionary<ulong, SearchReply> replies = [];
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon()) replies.Add(call.ResponseStream.Current.Tag, call.ResponseStream.Current);
        Assert.That(replies, Has.Count.EqualTo(202));
        for (uint i = 1; i <= 200; i++)
        {
            if (i % 10 == 0) Assert.That(replies[i].Error.Reason, Is.EqualTo("K_OUT_OF_RANGE"));
            else Assert.That(replies[i].Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance)), Is.EqualTo(Brute(i).Take((int)(i % 10))));
        }
        Assert.That(replies[201].Neighbors.Select(neighbor => neighbor.Id), Does.Contain(2000ul));
        Assert.That(replies[202].Error.Reason, Is.EqualTo("REQUEST_INCOMPLETE"));
    }

    [TestCase(0u)]
    [TestCase(10_001u)]
    [TestCase(uint.MaxValue)]
    public async Task Nearest_KZeroOrEnormous_IsRefused(uint k) =>
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "K_OUT_OF_RANGE", NearestAsync(new NearestRequest { Query = new Query { Id = 1000 }, K = k }));

    [Test]
    public async Task Within_RadiusAboveTheWidth_IsRefused() => await Rpc.FailsAsync(StatusCode.InvalidArgument, "RADIUS_OUT_OF_RANGE",
        _server.SearchClient.WithinAsync(new WithinRequest { Query = new Query { Id = 1000 }, Radius = 65 }).ResponseAsync);

    [Test]
    public async Task Within_LimitAboveTheServers_IsRefused() => await Rpc.FailsAsync(StatusCode.InvalidArgument, "LIMIT_OUT_OF_RANGE",
        _server.SearchClient.WithinAsync(new WithinRequest { Query = new Query { Id = 1000 }, Radius = 1, Limit = 10_001 }).ResponseAsync);

    [Test]
    public async Task Nearest_UnknownId_IsNotFound() =>
        await Rpc.FailsAsync(StatusCode.NotFound, "ID_UNKNOWN", NearestAsync(new NearestRequest { Query = new Query { Id = 1 }, K = 1 }));

    [Test]
    public async Task Nearest_WrongWidth_NamesBothWidths()
    {
        RpcException failure = await Rpc.FailsAsync(StatusCode.InvalidArgument, "CODE_WIDTH_WRONG", NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(1, bits: 48) }, K = 1 }));
        Assert.That(failure.Status.Detail, Does.Contain("48").And.Contains("64"));
    }

    [Test]
    public async Task Nearest_CodeOfWrongLength_IsRefused() => await Rpc.FailsAsync(StatusCode.InvalidArgument, "CODE_WIDTH_WRONG",
        NearestAsync(new NearestRequest { Query = new Query { Code = new Code { Bits = 64, Words = ByteString.CopyFrom(1, 2, 3) } }, K = 1 }));

    [Test]
    public async Task Nearest_NoQuery_IsRefused() => await Rpc.FailsAsync(StatusCode.InvalidArgument, "REQUEST_INCOMPLETE", NearestAsync(new NearestRequest { K = 1 }));

    [Test]
    public async Task Nearest_ImageThatIsNone_IsRefused() => await Rpc.FailsAsync(StatusCode.InvalidArgument, "IMAGE_NOT_AN_IMAGE",
        NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFromUtf8("words, words, words: none of them a picture") }, K = 1 }));

    [Test]
    public async Task Nearest_SequenceTheStoreNeverGave_IsRefused() => await Rpc.FailsAsync(StatusCode.FailedPrecondition, "SEQUENCE_AHEAD",
        NearestAsync(new NearestRequest { Query = new Query { Id = 1000 }, K = 1, AtLeastSequence = _sequence + 1_000_000 }));

    [Test]
    public async Task Nearest_MessageAboveTheLimit_NamesTheLimit()
    {
        RpcException failure = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE",
            NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(new byte[5 << 20]) }, K = 1 }));
        Assert.That(failure.Status.Detail, Does.Contain("4194304"));
    }

    [Test]
    public async Task Nearest_RightAfterTheAck_SeesTheItemWithAtLeastSequence()
    {
        await using TestServer server = await TestServer.StartAsync();
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("s");
        for (ulong i = 1; i <= 50; i++)
        {
            while (call.Credits < i) await call.NextAsync();
            await call.SendCodeAsync(i, i, i);
            await call.AcknowledgedAsync(i);
            SearchReply reply = await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(i) }, K = 1, AtLeastSequence = call.StoreSequence }).ResponseAsync.Soon();
            Assert.That((reply.Neighbors[0].Id, reply.Neighbors[0].Distance), Is.EqualTo((i, 0u)));
            Assert.That(reply.SeenSequence, Is.GreaterThanOrEqualTo(call.StoreSequence));
        }
    }

    [Test]
    public async Task Nearest_ByImageWhileTheQueueIsFull_IsRefusedWithAHint()
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxQueuedItems = 2 });
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        Task<SearchReply>[] waiting = [.. Enumerable.Range(0, 2).Select(i => Ask(i))];
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 2, "the queue to be full");
        RpcException failure = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "ENCODE_QUEUE_FULL", Ask(3));
        Assert.That(failure.GetRpcStatus()!.GetDetail<Google.Rpc.RetryInfo>()?.RetryDelay.ToTimeSpan(), Is.GreaterThan(TimeSpan.Zero));
        gate.Set();
        await Task.WhenAll(waiting).Soon();

        Task<SearchReply> Ask(int seed) =>
            server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(TestImages.Png(seed)) }, K = 1 }).ResponseAsync;
    }

    private Task<SearchReply> NearestAsync(NearestRequest request) => _server.SearchClient.NearestAsync(request).ResponseAsync.Soon();

    private IEnumerable<(ulong Id, uint Distance)> Brute(ulong query) =>
        _codes.Select(code => (Id: code.Key, Distance: (uint)ulong.PopCount(code.Value ^ query))).OrderBy(found => found.Distance).ThenBy(found => found.Id);
}
