using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

[Category("EndToEnd")]
public sealed class DrainTests
{
    [Test]
    public async Task Stop_WithOpenStreams_TellsEachItsDurableSequence()
    {
        using TempFolder folder = new();
        ulong[] acknowledged = new ulong[4];
        await using (TestServer server = await TestServer.StartAsync(folder: folder))
        {
            List<IngestCall> calls = [];
            for (int i = 0; i < acknowledged.Length; i++)
            {
                IngestCall call = new(server.Connect());
                calls.Add(call);
                await call.OpenAsync($"stream {i}");
                for (ulong n = 1; n <= (ulong)i * 3; n++) await call.SendCodeAsync(n, (ulong)(i * 100) + n, n);
            }
            await calls[^1].AcknowledgedAsync(9);
            Task stop = server.StopAsync();
            for (int i = 0; i < calls.Count; i++)
            {
                await calls[i].EndAsync();
                Assert.That(calls[i].Drained, Is.True);
                Assert.That(calls[i].Replies[^1].MessageCase, Is.EqualTo(IngestReply.MessageOneofCase.Ack), "the last word is the durable sequence");
                acknowledged[i] = calls[i].Acknowledged;
                calls[i].Dispose();
            }
            await stop.Soon();
        }
        await using TestServer again = await TestServer.StartAsync(folder: folder);
        for (int i = 0; i < acknowledged.Length; i++)
        {
            using IngestCall call = new(again.Channel);
            Assert.That((await call.OpenAsync($"stream {i}", acknowledged[i])).ResumeAfter, Is.EqualTo(acknowledged[i]));
        }
    }

    [Test]
    public async Task Stop_WithAnEncoderThatHangs_LeavesWithinTheDrainTimeAndLosesNothingAcknowledged()
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { DrainTimeout = TimeSpan.FromMilliseconds(500) });
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("s");
        await call.SendCodeAsync(1, 1, 1);
        await call.AcknowledgedAsync(1);
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        await call.SendImageAsync(2, 2, TestImages.Png(2));
        await call.SendCodeAsync(3, 3, 3);
        Task stop = server.StopAsync();
        await call.EndAsync();
        Assert.That((call.Acknowledged, call.Drained), Is.EqualTo((1ul, true)), "3 must not be acknowledged over 2");
        await stop.Soon();   // the network still hangs
        gate.Set();
    }

    [Test]
    public async Task Stop_WithEncodeAndSearchStreams_EndsThemAsUnavailable()
    {
        await using TestServer server = await TestServer.StartAsync();
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> encode = server.EncoderClient.Encode();
        using AsyncDuplexStreamingCall<SearchRequest, SearchReply> search = server.SearchClient.SearchStream();
        await encode.RequestStream.WriteAsync(new EncodeRequest { Tag = 1, Image = ByteString.CopyFrom(TestImages.Png(1)) }).Soon();
        await search.RequestStream.WriteAsync(new SearchRequest { Tag = 1, Nearest = new NearestRequest { Query = new Query { Code = Codes.Of(1) }, K = 1 } }).Soon();
        Assert.That(await encode.ResponseStream.MoveNext(CancellationToken.None).Soon() && await search.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        Task stop = server.StopAsync();
        await Rpc.FailsAsync(StatusCode.Unavailable, "SERVER_DRAINING", encode.ResponseStream.MoveNext(CancellationToken.None));
        await Rpc.FailsAsync(StatusCode.Unavailable, "SERVER_DRAINING", search.ResponseStream.MoveNext(CancellationToken.None));
        await stop.Soon();
    }
}
