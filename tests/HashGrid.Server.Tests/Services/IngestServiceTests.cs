using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

[Category("EndToEnd")]
public sealed class IngestServiceTests
{
    private TestServer _server = null!;
    private string _stream = null!;

    [OneTimeSetUp]
    public async Task OneTimeSetUp() => _server = await TestServer.StartAsync(new ServerOptions { StreamWindowItems = 16, IdleTimeout = TimeSpan.FromSeconds(20) });

    [OneTimeTearDown]
    public async Task OneTimeTearDown() => await _server.DisposeAsync();

    // Ids and streams of one test are its own, since the store is shared.
    [SetUp]
    public void SetUp() => _stream = TestContext.CurrentContext.Test.Name;

    private ulong Id(ulong n) => ((ulong)_stream.GetHashCode() << 20) + n;

    [Test]
    public async Task Stream_ImagesAndCodes_AreAcknowledgedAndStored()
    {
        using IngestCall call = new(_server.Channel);
        IngestOpened opened = await call.OpenAsync(_stream);
        Assert.That((opened.ResumeAfter, opened.Model.Bits, opened.Credits), Is.EqualTo((0ul, 64u, 16u)));
        await call.SendImageAsync(1, Id(1), TestImages.Png(1), ["Effusion", "Mass"]);
        await call.SendCodeAsync(2, Id(2), 0xF0F0, ["Hernia"]);
        await call.CompleteAsync();
        await call.EndAsync();
        Assert.That((call.Acknowledged, call.Errors.Count), Is.EqualTo((2ul, 0)));

        StoredCode image = await _server.StoreClient.GetAsync(new GetRequest { Id = Id(1) }).ResponseAsync.Soon(), code = await _server.StoreClient.GetAsync(new GetRequest { Id = Id(2) }).ResponseAsync.Soon();
        Assert.That((image.Labels.ToArray(), image.Name), Is.EqualTo((new[] { "Effusion", "Mass" }, $"image {Id(1)}")));
        Assert.That(code.Code.Word(), Is.EqualTo(0xF0F0));
        Assert.That(call.StoreSequence, Is.GreaterThanOrEqualTo(code.Sequence));
    }

    [Test]
    public async Task Stream_ItemSentWithTheOpening_IsAcknowledged()
    {
        // The item is there before the server has answered the opening: every loop finds work at its first step.
        for (ulong i = 0; i < 50; i++)
        {
            using IngestCall call = new(_server.Channel);
            await call.SendAsync(new IngestRequest { Open = new IngestOpen { StreamId = $"{_stream} {i}" } });
            await call.SendCodeAsync(1, Id(i), i);
            await call.AcknowledgedAsync(1);
        }
    }

    [Test]
    public async Task Stream_LargeImageInChunks_GetsTheCodeOfTheWholeFile()
    {
        byte[] png = TestImages.Png(2, 400, stored: true);
        using IngestCall call = new(_server.Channel);
        await call.OpenAsync(_stream);
        await call.SendImageAsync(1, Id(1), png);
        await call.SendAsync(new IngestItem { Sequence = 2, Id = Id(2), ChunkedImageBytes = (ulong)png.Length });
        foreach (byte[] chunk in png.Chunk(ChunkedImage.MaxChunkBytes)) await call.SendAsync(new IngestRequest { Chunk = ByteString.CopyFrom(chunk) });
        await call.AcknowledgedAsync(2);
        StoredCode whole = await _server.StoreClient.GetAsync(new GetRequest { Id = Id(1) }).ResponseAsync.Soon(), chunked = await _server.StoreClient.GetAsync(new GetRequest { Id = Id(2) }).ResponseAsync.Soon();
        Assert.That(chunked.Code, Is.EqualTo(whole.Code));
    }

    [Test]
    public async Task Stream_BadItemsAmongGoodOnes_AreRefusedAloneBeforeTheAckThatCoversThem()
    {
        byte[] good = TestImages.Png(3);
        using IngestCall call = new(_server.Channel);
        await call.OpenAsync(_stream);
        await call.SendImageAsync(1, Id(1), good);
        await call.SendImageAsync(2, Id(2), "not an image, and long enough to be looked at"u8.ToArray());
        await call.SendImageAsync(3, Id(3), good[..^20]);
        await call.SendImageAsync(4, Id(4), TestImages.PngClaiming(100_000, 100_000));
        await call.SendImageAsync(5, Id(5), []);
        await call.SendAsync(new IngestItem { Sequence = 6, Id = Id(6), Code = Codes.Of(1, bits: 32) });
        await call.SendImageAsync(7, Id(7), good, [.. Enumerable.Range(0, 65).Select(i => $"label {i}")]);
        await call.SendImageAsync(8, Id(8), good, [new string('x', 129)]);
        await call.SendAsync(new IngestItem { Sequence = 9, Id = Id(9), Code = Codes.Of(1), Name = new string('n', 257) });
        await call.SendAsync(new IngestItem { Sequence = 10, Id = Id(10) });
        await call.SendImageAsync(11, Id(11), good);
        await call.AcknowledgedAsync(11);
        Assert.That(call.Errors.OrderBy(error => error.Key).Select(error => error.Value.Reason), Is.EqualTo(new[]
        {
            "IMAGE_NOT_AN_IMAGE", "IMAGE_TRUNCATED", "IMAGE_TOO_MANY_PIXELS", "IMAGE_EMPTY", "CODE_WIDTH_WRONG", "LABELS_INVALID", "LABELS_INVALID", "NAME_INVALID", "REQUEST_INCOMPLETE",
        }));
        ulong acknowledged = 0;
        foreach (IngestReply reply in call.Replies)
        {
            if (reply.Ack is { } ack) acknowledged = ack.Sequence;
            if (reply.ItemError is { } error) Assert.That(error.Sequence, Is.GreaterThan(acknowledged), "a refusal comes before the acknowledgement that covers it");
        }
    }

    [Test]
    public async Task Stream_SameIdAgain_IsUnchangedConflictOrReplaced()
    {
        using IngestCall call = new(_server.Channel);
        await call.OpenAsync(_stream);
        await call.SendCodeAsync(1, Id(1), 0xAA);
        await call.SendCodeAsync(2, Id(1), 0xAA);
        await call.SendCodeAsync(3, Id(1), 0xBB);
        await call.SendCodeAsync(4, Id(1), 0xCC, mode: PutMode.Upsert);
        await call.AcknowledgedAsync(4);
        Assert.That(call.Errors.Single(), Has.Property("Key").EqualTo(3ul).And.Property("Value").Property("Reason").EqualTo("ID_CONFLICT"));
        Assert.That(call.Errors[3].Code, Is.EqualTo((uint)StatusCode.AlreadyExists));
        Assert.That((await _server.StoreClient.GetAsync(new GetRequest { Id = Id(1) }).ResponseAsync.Soon()).Code.Word(), Is.EqualTo(0xCC));
    }

    [Test]
    public async Task Stream_OpenedAgain_ResumesAndTellsUnseenRefusalsAgain()
    {
        using (IngestCall first = new(_server.Channel))
        {
            await first.OpenAsync(_stream);
            await first.SendCodeAsync(1, Id(1), 1);
            await first.SendImageAsync(2, Id(2), []);
            await first.SendCodeAsync(3, Id(3), 3);
            await first.AcknowledgedAsync(3);
        }
        using IngestCall second = new(_server.Channel);
        IngestOpened opened = await second.OpenAsync(_stream, acknowledged: 1);
        Assert.That(opened.ResumeAfter, Is.EqualTo(3));
        await second.AcknowledgedAsync(3);
        Assert.That(second.Errors.Keys, Is.EqualTo(new[] { 2ul }));
        // A careful client may send again from anywhere; what is taken is acknowledged and nothing is done twice.
        await second.SendCodeAsync(2, Id(2), 2);
        await second.SendCodeAsync(3, Id(3), 0xFFFF);
        await second.SendCodeAsync(4, Id(4), 4);
        await second.AcknowledgedAsync(4);
        Assert.That((await _server.StoreClient.GetAsync(new GetRequest { Id = Id(3) }).ResponseAsync.Soon()).Code.Word(), Is.EqualTo(3));
        await Rpc.FailsAsync(StatusCode.NotFound, "ID_UNKNOWN", _server.StoreClient.GetAsync(new GetRequest { Id = Id(2) }).ResponseAsync);
    }

    [Test]
    public async Task Stream_OpenedTwiceAtOnce_NewestWinsAndTheOldIsTold()
    {
        using IngestCall old = new(_server.Channel);
        await old.OpenAsync(_stream);
        await old.SendCodeAsync(1, Id(1), 1);
        await old.AcknowledgedAsync(1);
        using IngestCall next = new(_server.Channel);
        Assert.That((await next.OpenAsync(_stream, acknowledged: 1)).ResumeAfter, Is.EqualTo(1));
        await Rpc.FailsAsync(StatusCode.Aborted, "STREAM_TAKEN_OVER", old.EndAsync());
        await next.SendCodeAsync(2, Id(2), 2);
        await next.AcknowledgedAsync(2);
    }

    [Test]
    public async Task Stream_MoreThanTheCredits_EndsTheStreamButKeepsWhatCameBefore()
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { StreamWindowItems = 4 });
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        using IngestCall call = new(server.Channel);
        Assert.That((await call.OpenAsync(_stream)).Credits, Is.EqualTo(4));
        for (ulong i = 1; i <= 5; i++) await call.SendImageAsync(i, i, TestImages.Png((int)i));
        await Task.Delay(100);
        gate.Set();
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "STREAM_CREDIT_EXCEEDED", call.EndAsync());
        Assert.That(call.Acknowledged, Is.EqualTo(4));
    }

    [Test]
    public async Task Stream_LongRunWithinCredits_IsGrantedMoreAsItemsBecomeDurable()
    {
        using IngestCall call = new(_server.Channel);
        await call.OpenAsync(_stream);
        for (ulong i = 1; i <= 500; i++)
        {
            while (call.Credits < i) Assert.That(await call.NextAsync(), Is.True);
            await call.SendCodeAsync(i, Id(i), i);
        }
        await call.AcknowledgedAsync(500);
        Assert.That(call.Credits, Is.LessThanOrEqualTo(500u + 16u));
    }

    [TestCase("", "STREAM_ID_INVALID", StatusCode.InvalidArgument, 0ul, "")]
    [TestCase("other model", "MODEL_MISMATCH", StatusCode.FailedPrecondition, 0ul, "0123456789abcdef")]
    [TestCase("ahead", "STREAM_AHEAD", StatusCode.FailedPrecondition, 17ul, "")]
    public async Task Stream_WrongOpening_IsRefused(string streamId, string reason, StatusCode status, ulong acknowledged, string fingerprint)
    {
        using IngestCall call = new(_server.Channel);
        await Rpc.FailsAsync(status, reason, call.OpenAsync(streamId, acknowledged, fingerprint));
    }

    [Test]
    public async Task Stream_ItemBeforeTheOpening_IsRefused()
    {
        using IngestCall call = new(_server.Channel);
        await call.SendCodeAsync(1, Id(1), 1);
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "STREAM_NOT_OPENED", call.EndAsync());
    }

    [Test]
    public async Task Stream_EmptyStream_IsRefused()
    {
        using IngestCall call = new(_server.Channel);
        await call.CompleteAsync();
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "STREAM_NOT_OPENED", call.EndAsync());
    }

    [TestCase(0ul)]
    [TestCase(3ul)]
    public async Task Stream_SequenceWithAGap_EndsTheStreamAfterStoringWhatCameBefore(ulong sequence)
    {
        using IngestCall call = new(_server.Channel);
        await call.OpenAsync(_stream);
        await call.SendCodeAsync(1, Id(1), 1);
        await call.SendCodeAsync(sequence, Id(2), 2);
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "STREAM_SEQUENCE_GAP", call.EndAsync());
        Assert.That(call.Acknowledged, Is.EqualTo(1));
    }

    [Test]
    public async Task Stream_SecondOpening_EndsTheStream()
    {
        using IngestCall call = new(_server.Channel);
        await call.OpenAsync(_stream);
        await call.SendAsync(new IngestRequest { Open = new IngestOpen { StreamId = _stream } });
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "STREAM_OPENED_TWICE", call.EndAsync());
    }

    [Test]
    public async Task Stream_CancelledWithImagesInFlight_LeavesNothingHeld()
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxBatch = 1 });
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        using CancellationTokenSource cancel = new();
        using (IngestCall call = new(server.Channel, ct: cancel.Token))
        {
            await call.OpenAsync(_stream);
            for (ulong i = 1; i <= 20; i++) await call.SendImageAsync(i, i, TestImages.Png((int)i));
            await Within.Until(() => server.Runtime.Encoding.Budget.Items == 20, "all to be admitted");
            await cancel.CancelAsync();
        }
        await Within.Until(() => server.Runtime.Encoding.Budget.Items <= 1, "all but the running one to be unlinked");
        gate.Set();
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 0 && server.Runtime.Streams.Count == 0, "the rest to go");
        Assert.That(server.Runtime.Encoding.Budget.Bytes, Is.Zero);
    }

    [Test]
    public async Task Stream_NothingSent_EndsAfterTheIdleTimeout()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { IdleTimeout = TimeSpan.FromMilliseconds(200) });
        using IngestCall call = new(server.Channel);
        await call.OpenAsync(_stream);
        await Rpc.FailsAsync(StatusCode.Unavailable, "STREAM_IDLE", call.EndAsync());
    }

    [Test]
    public async Task Stream_UploadThatStops_EndsAfterTheStallTimeoutAndReturnsItsRoom()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { UploadStallTimeout = TimeSpan.FromMilliseconds(200) });
        using IngestCall call = new(server.Channel);
        await call.OpenAsync(_stream);
        await call.SendAsync(new IngestItem { Sequence = 1, Id = 1, ChunkedImageBytes = 1 << 20 });
        await Rpc.FailsAsync(StatusCode.Unavailable, "UPLOAD_STALLED", call.EndAsync());
        await Within.Until(() => server.Runtime.Uploads.Bytes == 0, "the upload's room to come back");
    }

    [Test]
    public async Task Stream_TooMany_IsRefusedWithAHint()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxStreams = 1 });
        using IngestCall first = new(server.Channel);
        await first.OpenAsync("a");
        using IngestCall second = new(server.Channel);
        RpcException failure = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "TOO_MANY_STREAMS", second.OpenAsync("b"));
        Assert.That(failure.GetRpcStatus()!.GetDetail<Google.Rpc.RetryInfo>()?.RetryDelay.ToTimeSpan(), Is.GreaterThan(TimeSpan.Zero));
    }
}
