using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace HashGrid.Server.Tests.Services;

/// <summary>Clients that send and never read: what the server holds for them is bounded, however much they send.</summary>
[Category("EndToEnd")]
public sealed class SlowReaderTests
{
    private const int Window = 4096;

    // So many credits from the start.
    private static readonly ServerOptions Wide = new() { StreamWindowItems = Window, StreamWindowBytes = 1L << 30, MaxQueuedItems = 65_536, MaxImagesPerCaller = 65_536 };

    [Test]
    public async Task Ingest_ThousandsOfItemsAndNothingRead_HoldsOneReply()
    {
        await using TestServer server = await TestServer.StartAsync(Wide);
        ServerMetrics metrics = server.Services.GetRequiredService<ServerMetrics>();
        using AsyncDuplexStreamingCall<IngestRequest, IngestReply> silent = await OpenAsync(server);
        long most = 0;
        for (ulong i = 1; i <= 20_000; i++)
        {
            await silent.RequestStream.WriteAsync(new IngestRequest { Item = new IngestItem { Sequence = i, Id = i, Code = Codes.Of(i) } }).Soon();
            most = Math.Max(most, metrics.RepliesHeld);
            // A client that does not read cannot know its credits: a part of the window, which is always there.
            if (i % 256 == 0) await Within.Until(() => (ulong)server.Runtime.Store.DurableSequence >= i, "the items to be stored");
        }
        Assert.That(most, Is.LessThanOrEqualTo(1), "acknowledgements are one cell");
        await Within.Until(() => server.Runtime.Store.Count == 20_000, "all to be stored");
    }

    [Test]
    public async Task Ingest_RefusalsThatTheConnectionDoesNotTake_AreBoundedByTheCredits()
    {
        await using TestServer server = await TestServer.StartAsync(Wide);
        ServerMetrics metrics = server.Services.GetRequiredService<ServerMetrics>();
        using (AsyncDuplexStreamingCall<IngestRequest, IngestReply> silent = await OpenAsync(server))
        {
            int sent = await SendAsync(silent.RequestStream, i => new IngestRequest { Item = new IngestItem { Sequence = i, Id = i, Code = Codes.Of(i), Labels = { new string('x', 200) } } });
            await Within.Until(() => metrics.RepliesHeld > 1, "the connection to take no more");
            long held = await SettledAsync(metrics);
            TestContext.Out.WriteLine($"{sent} sent, {held} replies held");
            Assert.That(held, Is.InRange(2, Window + 1), "refusals that were not told, and the one that is being written");
            Assert.That(server.Runtime.Store.Count, Is.Zero);
            using IngestCall other = new(server.Connect());
            await other.OpenAsync("other");
            await other.SendCodeAsync(1, 1, 1);
            await other.AcknowledgedAsync(1);
        }
        await Within.Until(() => metrics.RepliesHeld == 0, "the replies to be dropped with their stream");
    }

    [Test]
    public async Task Encode_RepliesThatTheConnectionDoesNotTake_AreBoundedByTheWindow()
    {
        const int window = 8;
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ReplyWindow = window });
        ServerMetrics metrics = server.Services.GetRequiredService<ServerMetrics>();
        using (AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> silent = server.EncoderClient.Encode())
        {
            ByteString noImage = ByteString.CopyFrom(new byte[1000]);
            int sent = await SendAsync(silent.RequestStream, i => new EncodeRequest { Tag = i, Image = noImage });
            await Within.Until(() => metrics.RepliesHeld == window, "the connection to take no more");
            TestContext.Out.WriteLine($"{sent} sent");
            Assert.That((await SettledAsync(metrics), sent < Most), Is.EqualTo(((long)window, true)), "the server reads no further, and so the client can send no more");
            Assert.That(server.Runtime.Encoding.Budget.Items, Is.Zero);
            using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> other = server.EncoderClient.Encode();
            await other.RequestStream.WriteAsync(new EncodeRequest { Tag = 1, Image = ByteString.CopyFrom(TestImages.Png(1)) }).Soon();
            Assert.That(await other.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        }
        await Within.Until(() => metrics.RepliesHeld == 0, "the replies to be dropped with their stream");
    }

    private const int Most = 50_000;

    private static async Task<AsyncDuplexStreamingCall<IngestRequest, IngestReply>> OpenAsync(TestServer server)
    {
        AsyncDuplexStreamingCall<IngestRequest, IngestReply> call = server.IngestClient.Stream();
        await call.RequestStream.WriteAsync(new IngestRequest { Open = new IngestOpen { StreamId = "silent" } }).Soon();
        return call;
    }

    /// <summary>Sends until the server takes no more for a while, or ends the call.</summary>
    private static async Task<int> SendAsync<T>(IClientStreamWriter<T> stream, Func<ulong, T> make)
    {
        int sent = 0;
        try
        {
            for (; sent < Most; sent++) await stream.WriteAsync(make((ulong)sent + 1)).WaitAsync(TimeSpan.FromSeconds(2));
        }
        catch (Exception stopped) when (stopped is TimeoutException or RpcException or InvalidOperationException)
        {
            // The window is full, or the credits are used up.
        }
        return sent;
    }

    /// <summary>What is held when nothing changes any more.</summary>
    private static async Task<long> SettledAsync(ServerMetrics metrics)
    {
        long held = metrics.RepliesHeld;
        for (int same = 0; same < 20;)
        {
            await Task.Delay(20);
            same = metrics.RepliesHeld == held ? same + 1 : 0;
            held = metrics.RepliesHeld;
        }
        return held;
    }
}
