using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

/// <summary>Four streams that announce images as large as the room for them, and send a byte now and then, beside an upload that means it.</summary>
[Category("EndToEnd")]
public sealed class SlowUploadTests
{
    private const int ImageBytes = 1 << 20;

    private static readonly byte[] Picture = TestImages.Png(1, 300, stored: true);

    [Test]
    public async Task Encode_BesideTricklesOfAnotherCaller_IsAnsweredWhileTheyLast()
    {
        using TempFolder folder = new();
        string keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "slow:0123456789abcdef\nhonest:fedcba9876543210\n");
        await using TestServer server = await TestServer.StartAsync(new ServerOptions
        {
            ApiKeysPath = keys,
            ApiKeysForLocal = true,
            MaxImageBytes = ImageBytes,
            MaxUploadBytes = 4 * ImageBytes,
            MaxUploadBytesPerCaller = 2 * ImageBytes,
        });
        using CancellationTokenSource end = new();
        Task<string>[] trickles = [.. Enumerable.Range(0, 4).Select(_ => TrickleAsync(server, Key("0123456789abcdef"), end.Token))];
        await Within.Until(() => server.Runtime.Uploads.Bytes >= 2 * ImageBytes, "the trickles to take all that they may");
        Assert.That((await UploadAsync(server, Key("fedcba9876543210"))).Code, Is.Not.Null);
        Assert.That((server.Runtime.Uploads.Bytes, trickles.Any(trickle => trickle.IsCompleted)), Is.EqualTo((2L * ImageBytes, false)));
        await end.CancelAsync();
        await Task.WhenAll(trickles).Soon();
        await Within.Until(() => server.Runtime.Uploads.Bytes == 0, "their room to come back");
    }

    [Test]
    public async Task Encode_BesideTricklesOfTheSameCaller_IsAnsweredWhenTheyAreCutOff()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions
        {
            MaxImageBytes = ImageBytes,
            MaxUploadBytes = 4 * ImageBytes,
            MaxUploadBytesPerCaller = 4 * ImageBytes,
            UploadStallTimeout = TimeSpan.FromSeconds(3),
            MinUploadRate = 100_000,
        });
        using CancellationTokenSource end = new();
        Task<string>[] trickles = [.. Enumerable.Range(0, 4).Select(_ => TrickleAsync(server, [], end.Token))];
        await Within.Until(() => server.Runtime.Uploads.Bytes == 4 * ImageBytes, "the trickles to take all that there is");
        Assert.That((await UploadAsync(server, [])).Code, Is.Not.Null);
        foreach (string told in await Task.WhenAll(trickles).Soon()) Assert.That(told, Does.Contain("of the announced 1048576 bytes").And.Contain("100000 bytes/s"));
    }

    /// <summary>Sends a byte every 50 ms; returns what the server says at the end.</summary>
    private static async Task<string> TrickleAsync(TestServer server, Metadata headers, CancellationToken ct)
    {
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode(headers, cancellationToken: ct);
        try
        {
            await call.RequestStream.WriteAsync(new EncodeRequest { Tag = 1, ChunkedImageBytes = ImageBytes }, ct);
            while (true)
            {
                await call.RequestStream.WriteAsync(new EncodeRequest { Chunk = ByteString.CopyFrom(1) }, ct);
                await Task.Delay(50, ct);
            }
        }
        catch (Exception ended) when (ended is RpcException or InvalidOperationException or OperationCanceledException or IOException)
        {
            try
            {
                await call.ResponseStream.MoveNext(CancellationToken.None).Soon();
            }
            catch (RpcException told)
            {
                return told.Status.Detail;
            }
            return "";
        }
    }

    private static async Task<EncodeReply> UploadAsync(TestServer server, Metadata headers)
    {
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode(headers);
        await call.RequestStream.WriteAsync(new EncodeRequest { Tag = 1, ChunkedImageBytes = (ulong)Picture.Length }).Soon();
        foreach (byte[] chunk in Picture.Chunk(ChunkedImage.MaxChunkBytes)) await call.RequestStream.WriteAsync(new EncodeRequest { Chunk = ByteString.CopyFrom(chunk) }).Soon();
        await call.RequestStream.CompleteAsync().Soon();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        return call.ResponseStream.Current;
    }

    private static Metadata Key(string key) => new() { { "authorization", "Bearer " + key } };
}
