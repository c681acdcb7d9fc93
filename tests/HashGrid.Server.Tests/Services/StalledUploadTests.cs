using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace HashGrid.Server.Tests.Services;

/// <summary>
/// Streams whose messages the server does not read, on one connection with a small request. With Kestrel's own windows (1 MiB a
/// connection, 768 KiB a stream) two of them use up the connection's window and the request waits for ever.
/// </summary>
[Category("EndToEnd")]
public sealed class StalledUploadTests
{
    [TestCase(2)]
    [TestCase(8)]
    [TestCase(60)]
    public async Task Describe_BesideStalledUploads_IsAnsweredOnTheSameConnection(int uploads)
    {
        using ManualResetEventSlim gate = new();
        // One reply may be outstanding, and the encoder never gives it: the server stops reading each stream after its first image.
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ReplyWindow = 1 });
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        using CancellationTokenSource end = new();
        Task[] stalled = [.. Enumerable.Range(0, uploads).Select(_ => StallAsync(server, end.Token))];
        await Task.Delay(300);   // lets them run into their windows; too short a wait only makes the test easier
        for (int i = 0; i < 5; i++) await server.StoreClient.StatsAsync(new StatsRequest(), deadline: DateTime.UtcNow.AddSeconds(10)).ResponseAsync.Soon();
        Assert.That(stalled.Any(upload => upload.IsCompleted), Is.False, "the uploads must still be stalled");
        await end.CancelAsync();
        gate.Set();
        await Task.WhenAll(stalled).Soon();
    }

    /// <summary>The control: without our windows the same uploads do hold the request up, so that the test above measures something.</summary>
    [Test]
    public async Task Describe_WithKestrelsOwnWindows_IsHeldUpUntilTheUploadsGoOn()
    {
        Http2Limits own = new KestrelServerLimits().Http2;
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ReplyWindow = 1 }, configure: app =>
        {
            Http2Limits limits = app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.Http2;
            (limits.InitialConnectionWindowSize, limits.InitialStreamWindowSize) = (own.InitialConnectionWindowSize, own.InitialStreamWindowSize);
        });
        server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
        using CancellationTokenSource end = new();
        Task[] stalled = [StallAsync(server, end.Token), StallAsync(server, end.Token)];
        // They need a moment to fill their windows; from then on no request gets through.
        bool held = false;
        for (int i = 0; i < 60 && !held; i++)
        {
            try
            {
                await server.StoreClient.StatsAsync(new StatsRequest(), deadline: DateTime.UtcNow.AddSeconds(1)).ResponseAsync.Soon();
                await Task.Delay(50);
            }
            catch (RpcException late) when (late.StatusCode == StatusCode.DeadlineExceeded)
            {
                held = true;
            }
        }
        Assert.That(held, Is.True, "two stalled uploads use up Kestrel's window of a connection");
        gate.Set();
        await server.StoreClient.StatsAsync(new StatsRequest(), deadline: DateTime.UtcNow + Within.Limit).ResponseAsync.Soon();
        await end.CancelAsync();
        await Task.WhenAll(stalled).Soon();
    }

    [Test]
    public async Task Windows_AllStreamsStalled_LeaveRoomOnTheConnection()
    {
        await using TestServer server = await TestServer.StartAsync();
        Http2Limits limits = server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.Http2;
        Assert.That(limits.InitialConnectionWindowSize, Is.GreaterThan((long)limits.MaxStreamsPerConnection * limits.InitialStreamWindowSize));
    }

    /// <summary>Sends images as fast as the server takes them, until the test is over.</summary>
    private static async Task StallAsync(TestServer server, CancellationToken ct)
    {
        EncodeRequest large = new() { Tag = 1, Image = ByteString.CopyFrom(TestImages.Png(1, 500, stored: true)) };
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode(cancellationToken: ct);
        try
        {
            for (int i = 0; i < 100; i++) await call.RequestStream.WriteAsync(large, ct);
        }
        catch (Exception ended) when (ended is RpcException or OperationCanceledException or IOException)
        {
            // The test is over.
        }
    }
}
