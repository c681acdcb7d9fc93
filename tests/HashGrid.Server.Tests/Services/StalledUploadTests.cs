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
        EncodeRequest large = new() { Tag = 1, Image = ByteString.CopyFrom(TestImages.Png(1, 500, stored: true)) };
        List<Task> stalled = [];
        for (int i = 0; i < uploads; i++)
        {
            AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode(cancellationToken: end.Token);
            stalled.Add(StallAsync(call));
        }
        await Task.Delay(300);   // lets them run into their windows; too short a wait only makes the test easier
        for (int i = 0; i < 5; i++) await server.StoreClient.StatsAsync(new StatsRequest(), deadline: DateTime.UtcNow.AddSeconds(10)).ResponseAsync.Soon();
        Assert.That(stalled.Any(upload => upload.IsCompleted), Is.False, "the uploads must still be stalled");
        await end.CancelAsync();
        gate.Set();
        await Task.WhenAll(stalled).Soon();

        async Task StallAsync(AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call)
        {
            try
            {
                for (int i = 0; i < 100; i++) await call.RequestStream.WriteAsync(large, end.Token);
            }
            catch (Exception ended) when (ended is RpcException or OperationCanceledException or IOException)
            {
                // The test is over.
            }
            finally
            {
                call.Dispose();
            }
        }
    }

    [Test]
    public async Task Windows_AllStreamsStalled_LeaveRoomOnTheConnection()
    {
        await using TestServer server = await TestServer.StartAsync();
        Http2Limits limits = server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.Http2;
        Assert.That(limits.InitialConnectionWindowSize, Is.GreaterThan((long)limits.MaxStreamsPerConnection * limits.InitialStreamWindowSize));
    }
}
