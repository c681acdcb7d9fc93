using Google.Protobuf;
using Grpc.Core;
using HashGrid.Client;
using HashGrid.Protos.V1;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Client;
using HashGrid.Server.Tests.Support;
using ClientItem = HashGrid.Client.IngestItem;
using IngestItem = HashGrid.Protos.V1.IngestItem;
using PutMode = HashGrid.Protos.V1.PutMode;

namespace HashGrid.Server.Tests.Services;

/// <summary>The same image twice, through a whole server, in each mode.</summary>
[Category("EndToEnd")]
public sealed class DuplicateServiceTests
{
    private static readonly byte[] A = TestImages.Png(1), B = TestImages.Png(2);

    [Test]
    public async Task Stream_StoreMode_StoresTwinsAndTellsTheirDigest()
    {
        await using TestServer server = await TestServer.StartAsync();
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("s");
        await call.SendImageAsync(1, 1, A);
        await call.SendImageAsync(2, 2, A);
        await call.SendCodeAsync(3, 3, 77);
        await call.AcknowledgedAsync(3);
        server.Runtime.Store.Settle();
        StoredCode second = await GetAsync(server, 2), code = await GetAsync(server, 3);
        StatsReply stats = await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((call.Errors.Count, call.Duplicates.Count, server.Runtime.Store.Count), Is.EqualTo((0, 0, 3L)));
            Assert.That(Convert.ToHexStringLower(second.ContentDigest.Span), Is.EqualTo(ContentId.DigestOf(A)));
            Assert.That((second.HasDuplicateOf, code.ContentDigest.Length), Is.EqualTo((false, 0)));
            Assert.That((stats.Duplicates, stats.DigestImages, stats.DigestBytes, stats.ItemsLinked), Is.EqualTo(("store", 0ul, 0ul, 0ul)));
        }
    }

    [Test]
    public async Task Stream_LinkMode_EncodesOnceAndNamesTheHolderBeforeTheAck()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Duplicates = DuplicateMode.Link });
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("s");
        await call.SendImageAsync(1, 1, A, ["first"]);
        await call.AcknowledgedAsync(1);
        ulong encoded = (await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon()).ImagesEncoded;
        await call.SendImageAsync(2, 2, A, ["second"]);
        await call.SendAsync(new IngestItem { Sequence = 3, Id = 3, ChunkedImageBytes = (ulong)A.Length });
        foreach (byte[] chunk in A.Chunk(500)) await call.SendAsync(new IngestRequest { Chunk = ByteString.CopyFrom(chunk) });
        await call.SendImageAsync(4, 4, B);
        await call.AcknowledgedAsync(4);
        StoredCode first = await GetAsync(server, 1), second = await GetAsync(server, 2);
        StatsReply stats = await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(call.Duplicates, Is.EqualTo(new Dictionary<ulong, ulong> { [2] = 1, [3] = 1 }));
            Assert.That(call.Errors, Is.Empty);
            Assert.That((second.Code, second.Labels.Single(), second.Name, second.DuplicateOf), Is.EqualTo((first.Code, "second", "image 2", 1ul)));
            Assert.That(stats.ImagesEncoded - encoded, Is.EqualTo(1), "only the other image");
            Assert.That((stats.Duplicates, stats.DigestImages, stats.ItemsLinked), Is.EqualTo(("link", 4ul, 2ul)));
            Assert.That(stats.DigestBytes, Is.GreaterThan(0));
        }
        AssertToldBeforeAcknowledged(call);
    }

    [Test]
    public async Task Stream_RefuseMode_RefusesTheItemAloneAndNamesTheHolder()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Duplicates = DuplicateMode.Refuse });
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("s");
        await call.SendImageAsync(1, 1, A);
        await call.SendImageAsync(2, 2, A);
        await call.SendImageAsync(3, 3, B);
        await call.SendImageAsync(4, 1, A, ["again"], PutMode.Upsert);
        await call.AcknowledgedAsync(4);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(call.Errors.Keys, Is.EqualTo(new[] { 2ul }));
            Assert.That((call.Errors[2].Reason, call.Errors[2].Code, call.Errors[2].DuplicateOf), Is.EqualTo(("CONTENT_DUPLICATE", (uint)StatusCode.AlreadyExists, 1ul)));
            Assert.That((await GetAsync(server, 1)).Labels, Is.EqualTo(new[] { "again" }));
        }
        await Rpc.FailsAsync(StatusCode.NotFound, "ID_UNKNOWN", server.StoreClient.GetAsync(new GetRequest { Id = 2 }).ResponseAsync);
        // Once the holder is gone, the content is free.
        await server.StoreClient.RemoveAsync(new RemoveRequest { Id = 1 }).ResponseAsync.Soon();
        await call.SendImageAsync(5, 2, A);
        await call.AcknowledgedAsync(5);
        Assert.That(call.Errors, Has.Count.EqualTo(1));
        AssertToldBeforeAcknowledged(call);
    }

    [TestCase(DuplicateMode.Link)]
    [TestCase(DuplicateMode.Refuse)]
    public async Task Stream_TwinsInOneBatch_TheSecondIsTheDuplicate(DuplicateMode mode)
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Duplicates = mode });
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        using IngestCall one = new(server.Channel), other = new(server.Channel);
        await one.OpenAsync("one");
        await other.OpenAsync("other");
        for (ulong i = 1; i <= 4; i++) await one.SendImageAsync(i, i, A);
        await other.SendImageAsync(1, 11, A);
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 5, "all to be admitted: none is stored, so each is encoded");
        gate.Set();
        await one.AcknowledgedAsync(4);
        await other.AcknowledgedAsync(1);
        ulong[] stored = [.. ((ulong[])[1, 2, 3, 4, 11]).Where(id => server.Runtime.Store.TryGet(id, out _))];
        var told = new Dictionary<ulong, ulong>(one.HoldersToldOf);
        foreach ((ulong sequence, ulong holder) in other.HoldersToldOf) told[sequence + 10] = holder;
        // Whichever stream came first holds the content; everybody else is told so.
        ulong first = told.Values.Distinct().Single();
        Assert.That(told.Keys, Is.EquivalentTo(((ulong[])[1, 2, 3, 4, 11]).Where(id => id != first)));
        Assert.That(stored, mode == DuplicateMode.Link ? Has.Length.EqualTo(5) : Is.EqualTo(new[] { first }));
    }

    [Test]
    public async Task Stream_HolderRemovedWhileItsTwinWaits_TheTwinIsStoredAsTheFirst()
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Duplicates = DuplicateMode.Refuse });
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("s");
        await call.SendImageAsync(1, 1, A);
        await call.AcknowledgedAsync(1);
        StoredCode holder = await GetAsync(server, 1);
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        // Known content needs no encoder, but its turn comes after the image before it.
        await call.SendImageAsync(2, 2, B);
        await call.SendImageAsync(3, 3, A);
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 1, "the other image to be admitted");
        await call.SendImageAsync(4, 4, B);
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 2, "everything to be read");
        await server.StoreClient.RemoveAsync(new RemoveRequest { Id = 1 }).ResponseAsync.Soon();
        gate.Set();
        await call.AcknowledgedAsync(4);
        Assert.That(call.HoldersToldOf, Is.EqualTo(new Dictionary<ulong, ulong> { [4] = 2 }));
        Assert.That((await GetAsync(server, 3)).Code, Is.EqualTo(holder.Code));
    }

    [TestCase(DuplicateMode.Link)]
    [TestCase(DuplicateMode.Refuse)]
    public async Task Stream_ResumedAfterARestart_TellsWhatWasDecidedAndDecidesAsBefore(DuplicateMode mode)
    {
        using var folder = new TempFolder();
        await using (TestServer server = await TestServer.StartAsync(new ServerOptions { Duplicates = mode }, folder: folder))
        {
            using IngestCall call = new(server.Channel);
            await call.OpenAsync("s");
            await call.SendImageAsync(1, 1, A);
            await call.SendImageAsync(2, 2, A);
            await call.SendImageAsync(3, 3, B);
            await call.AcknowledgedAsync(3);
            await call.CompleteAsync();
            await call.EndAsync();
        }
        await using TestServer again = await TestServer.StartAsync(new ServerOptions { Duplicates = mode }, folder: folder);
        await again.StoreClient.RemoveAsync(new RemoveRequest { Id = 1 }).ResponseAsync.Soon();
        using IngestCall resumed = new(again.Channel);
        Assert.That((await resumed.OpenAsync("s", acknowledged: 1)).ResumeAfter, Is.EqualTo(3));
        await resumed.AcknowledgedAsync(3);
        Assert.That(resumed.HoldersToldOf, Is.EqualTo(new Dictionary<ulong, ulong> { [2] = 1 }), "although the holder has gone");
        await resumed.SendImageAsync(4, 4, B);
        await resumed.SendImageAsync(5, 5, A);
        await resumed.AcknowledgedAsync(5);
        Dictionary<ulong, ulong> expected = new() { [2] = 1, [4] = 3 };
        if (mode == DuplicateMode.Link) expected[5] = 2;   // it has held the content since its link
        Assert.That(resumed.HoldersToldOf, Is.EqualTo(expected));
        using IngestCall careless = new(again.Channel);
        await careless.OpenAsync("s", acknowledged: 5);
        await careless.AcknowledgedAsync(5);
        Assert.That(careless.HoldersToldOf, Is.Empty, "what the client has seen is not told again");
    }

    [TestCase(DuplicateMode.Link)]
    [TestCase(DuplicateMode.Refuse)]
    public async Task Client_TwinsThenAnotherRun_EachResultNamesTheHolder(DuplicateMode mode)
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Duplicates = mode });
        await using var client = new HashGridClient(server.Url);
        ClientItem[] items = [.. ((byte[][])[A, B, A, A]).Select((file, i) => ClientItem.FromImage((ulong)i + 1, file))];
        foreach (bool resumed in (bool[])[false, true])
        {
            List<IngestResult> results = [];
            await foreach (IngestResult result in client.IngestAsync(items.AsStream(), new IngestOptions { StreamId = "run", FirstSequence = 1 })) results.Add(result);
            Assert.That(results.Select(result => result.DuplicateOf), Is.EqualTo(new ulong?[] { null, null, 1, 1 }), $"resumed {resumed}");
            Assert.That(results.Select(result => result.Failure?.Reason), Is.EqualTo(mode == DuplicateMode.Link ? new string?[4] : [null, null, "CONTENT_DUPLICATE", "CONTENT_DUPLICATE"]));
            Assert.That(results, Has.All.Property(nameof(IngestResult.Resumed)).EqualTo(resumed));
        }
        StoredItem? stored = await client.GetAsync(3).Soon();
        StoreStats stats = await client.StatsAsync().Soon();
        Assert.That((stored?.Digest, stored?.DuplicateOf), Is.EqualTo(mode == DuplicateMode.Link ? (ContentId.DigestOf(A), (ulong?)1) : (null, (ulong?)null)));
        Assert.That((stats.Duplicates, stats.DigestImages, stats.ItemsLinked), Is.EqualTo(mode == DuplicateMode.Link ? ("link", 4ul, 2ul) : ("refuse", 2ul, 0ul)));
    }

    private static Task<StoredCode> GetAsync(TestServer server, ulong id) => server.StoreClient.GetAsync(new GetRequest { Id = id }).ResponseAsync.Soon();

    private static void AssertToldBeforeAcknowledged(IngestCall call)
    {
        ulong acknowledged = 0;
        foreach (IngestReply reply in call.Replies)
        {
            if (reply.Ack is { } ack) acknowledged = ack.Sequence;
            if (reply.Duplicate is { } duplicate) Assert.That(duplicate.Sequence, Is.GreaterThan(acknowledged));
            if (reply.ItemError is { } error) Assert.That(error.Sequence, Is.GreaterThan(acknowledged));
        }
    }
}
