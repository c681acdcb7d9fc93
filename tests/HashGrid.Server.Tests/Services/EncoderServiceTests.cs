using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

[Category("EndToEnd")]
public sealed class EncoderServiceTests
{
    private TestServer _server = null!;

    [OneTimeSetUp]
    public async Task OneTimeSetUp() => _server = await TestServer.StartAsync(new ServerOptions { MaxImageBytes = 1 << 20, ReplyWindow = 8 });

    [OneTimeTearDown]
    public async Task OneTimeTearDown() => await _server.DisposeAsync();

    [Test]
    public async Task Describe_Always_NamesTheModel()
    {
        ModelIdentity model = await _server.EncoderClient.DescribeAsync(new DescribeRequest()).ResponseAsync.Soon();
        Assert.That((model.Name, model.Bits, model.InputPixels, model.Device, model.Fingerprint), Is.EqualTo(("tiny-64", 64u, 32u, "cpu", new string('a', 64))));
    }

    [Test]
    public async Task Encode_SamePictureAtTwoSizes_GivesNearCodesAndDifferentPicturesFarOnes()
    {
        EncodeReply[] replies = await EncodeAsync(Image(1, TestImages.Png(1, 64)), Image(2, TestImages.Png(1, 128)), Image(3, TestImages.Png(2, 64)));
        ulong a = replies[0].Code.Word(), b = replies[1].Code.Word(), c = replies[2].Code.Word();
        Assert.That(ulong.PopCount(a ^ b), Is.LessThan(ulong.PopCount(a ^ c)));
        Assert.That(replies[0].Code.Bits, Is.EqualTo(64));
    }

    [Test]
    public async Task Encode_ChunksOrWhole_GiveTheSameCode()
    {
        byte[] png = TestImages.Png(3, 300, stored: true);
        List<EncodeRequest> requests = [Image(1, png), new EncodeRequest { Tag = 2, ChunkedImageBytes = (ulong)png.Length }];
        requests.AddRange(png.Chunk(ChunkedImage.MaxChunkBytes).Select(chunk => new EncodeRequest { Chunk = ByteString.CopyFrom(chunk) }));
        EncodeReply[] replies = await EncodeAsync([.. requests]);
        Assert.That(replies[1].Code.Word(), Is.EqualTo(replies[0].Code.Word()));
    }

    [Test]
    public async Task Encode_BadImagesAmongGoodOnes_FailAloneEachWithItsReason()
    {
        byte[] good = TestImages.Png(4);
        EncodeReply[] replies = await EncodeAsync(
            Image(1, good), Image(2, []), Image(3, "this is no picture at all, but a sentence"u8.ToArray()), Image(4, good[..(good.Length / 2)]),
            Image(5, TestImages.PngClaiming(100_000, 100_000)), Image(6, TestImages.Png(1, 1100, stored: true)), new EncodeRequest { Tag = 7 },
            new EncodeRequest { Tag = 8, ChunkedImageBytes = 0 }, Image(9, good));
        Assert.That(replies.Select(reply => reply.OutcomeCase == EncodeReply.OutcomeOneofCase.Error ? reply.Error.Reason : "OK"), Is.EqualTo(new[]
        {
            "OK", "IMAGE_EMPTY", "IMAGE_NOT_AN_IMAGE", "IMAGE_TRUNCATED", "IMAGE_TOO_MANY_PIXELS", "IMAGE_TOO_MANY_BYTES", "REQUEST_INCOMPLETE", "IMAGE_EMPTY", "OK",
        }));
        foreach (EncodeReply reply in replies.Where(reply => reply.Error is not null))
        {
            Assert.That(reply.Error.Code, Is.EqualTo((uint)StatusCode.InvalidArgument));
            Assert.That(reply.Error.Message, Is.Not.Empty.And.Not.Contains("\n"));
        }
    }

    [Test]
    public async Task Encode_AnnouncedAboveTheLimit_FailsAloneAfterItsChunks()
    {
        List<EncodeRequest> requests = [new EncodeRequest { Tag = 1, ChunkedImageBytes = 2 << 20 }];
        for (int i = 0; i < 32; i++) requests.Add(new EncodeRequest { Chunk = ByteString.CopyFrom(new byte[64 << 10]) });
        requests.Add(Image(2, TestImages.Png(5)));
        EncodeReply[] replies = await EncodeAsync([.. requests]);
        Assert.That((replies[0].Error?.Reason, replies[1].Code?.Bits), Is.EqualTo(("IMAGE_TOO_MANY_BYTES", (uint?)64)));
    }

    [Test]
    public async Task Encode_EmptyStream_EndsWithoutReplies() => Assert.That(await EncodeAsync(), Is.Empty);

    [Test]
    public async Task Encode_ChunkWithoutAnnouncement_EndsTheStream() =>
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "CHUNK_OUT_OF_PLACE", EncodeAsync(new EncodeRequest { Chunk = ByteString.CopyFrom(1) }));

    [Test]
    public async Task Encode_StreamEndsInsideAnImage_EndsTheStream() =>
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "CHUNK_OUT_OF_PLACE", EncodeAsync(new EncodeRequest { Tag = 1, ChunkedImageBytes = 10 }));

    [Test]
    public async Task Encode_MistakeAfterGoodImages_AnswersThemFirst()
    {
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = _server.EncoderClient.Encode();
        for (ulong i = 1; i <= 5; i++) await call.RequestStream.WriteAsync(Image(i, TestImages.Png((int)i))).Soon();
        await call.RequestStream.WriteAsync(new EncodeRequest { Chunk = ByteString.CopyFrom(1) }).Soon();
        for (ulong i = 1; i <= 5; i++) Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "CHUNK_OUT_OF_PLACE", call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Test]
    public async Task Encode_MessageAboveTheLimit_NamesTheLimit()
    {
        RpcException failure = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE", EncodeAsync(Image(1, new byte[5 << 20])));
        Assert.That(failure.Status.Detail, Does.Contain("4194304"));
    }

    [Test]
    public async Task Encode_ManyMoreThanTheWindow_AnswersEach()
    {
        EncodeReply[] replies = await EncodeAsync([.. Enumerable.Range(0, 100).Select(i => Image((ulong)i, TestImages.Png(i, 32)))]);
        Assert.That(replies.Select(reply => reply.Tag), Is.EqualTo(Enumerable.Range(0, 100)));
        Assert.That(replies.Select(reply => reply.Code), Has.None.Null);
    }

    [Test]
    public async Task Encode_ClientThatNeverReads_StopsItselfAndNobodyElse()
    {
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> silent = _server.EncoderClient.Encode();
        using CancellationTokenSource enough = new(TimeSpan.FromMilliseconds(300));
        byte[] png = TestImages.Png(6, 200, stored: true);
        try
        {
            // The replies fit the HTTP/2 window of the client, so the server goes on; what matters is that others are served meanwhile.
            for (int i = 0; i < 200; i++) await silent.RequestStream.WriteAsync(Image((ulong)i, png), enough.Token);
        }
        catch (Exception stopped) when (stopped is RpcException or OperationCanceledException or IOException)
        {
            // The window is full.
        }
        Assert.That(await EncodeAsync(Image(1, TestImages.Png(7))), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Encode_DeadlineWhileTheEncoderIsBusy_AnswersInTimeAndNeverEncodes()
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync();
        bool entered = false;
        server.Encoder.BeforeBatch = _ =>
        {
            Volatile.Write(ref entered, true);
            gate.Wait(Within.Limit);
        };
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> first = server.EncoderClient.Encode();
        await first.RequestStream.WriteAsync(Image(1, TestImages.Png(1))).Soon();
        await Within.Until(() => Volatile.Read(ref entered), "the first batch to run");
        int encoded = server.Encoder.Batches.Sum();

        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> second = server.EncoderClient.Encode(deadline: DateTime.UtcNow.AddMilliseconds(300));
        await second.RequestStream.WriteAsync(Image(2, TestImages.Png(2))).Soon();
        RpcException? late = null;
        try
        {
            // The image's own answer may come before the call's.
            while (await second.ResponseStream.MoveNext(CancellationToken.None).Soon()) Assert.That(second.ResponseStream.Current.Error?.Reason, Is.EqualTo("DEADLINE_EXCEEDED"));
        }
        catch (RpcException failure)
        {
            late = failure;
        }
        Assert.That(late?.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        await Within.Until(() => server.Runtime.Encoding.Budget.Items == 1, "the late image to be unlinked");
        gate.Set();
        Assert.That(await first.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        Assert.That(server.Encoder.Batches.Sum() - encoded, Is.EqualTo(1));
    }

    private static EncodeRequest Image(ulong tag, byte[] file) => new() { Tag = tag, Image = ByteString.CopyFrom(file) };

    /// <summary>Sends everything, then returns the replies by tag.</summary>
    private async Task<EncodeReply[]> EncodeAsync(params EncodeRequest[] requests)
    {
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = _server.EncoderClient.Encode();
        Task writing = WriteAsync();
        List<EncodeReply> replies = [];
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon()) replies.Add(call.ResponseStream.Current);
        await writing.Soon();
        return [.. replies.OrderBy(reply => reply.Tag)];

        async Task WriteAsync()
        {
            try
            {
                foreach (EncodeRequest request in requests) await call.RequestStream.WriteAsync(request);
                await call.RequestStream.CompleteAsync();
            }
            catch (Exception ended) when (ended is RpcException or IOException)
            {
                // The server ended the call; reading tells why.
            }
        }
    }
}
