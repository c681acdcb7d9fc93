using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace HashGrid.Server.Tests.Telemetry;

/// <summary>All that a server logs, at its most talkative.</summary>
[Category("EndToEnd")]
public sealed class LogTests
{
    private const string Secret = "zebra-7731";
    private const ulong Id = 77317731, OtherId = 77317732;

    [Test]
    public async Task Log_OfEverythingThatCanGoWrongWithSecrets_HoldsNoneOfThem()
    {
        using LogRecorder log = new();
        using TempFolder folder = new();
        await using TestServer server = await TestServer.StartAsync(folder: folder, log: log);
        byte[] poison = TestImages.Png(2);
        using (IngestCall call = new(server.Channel))
        {
            await call.OpenAsync(Secret);
            await call.SendImageAsync(1, Id, TestImages.Png(1), [Secret]);
            await call.AcknowledgedAsync(1);
            server.Encoder.Poison = _ => true;
            await call.SendImageAsync(2, OtherId, poison, [Secret]);   // the network fails
            await call.SendCodeAsync(3, Id, 5, [Secret]);   // a conflict
            await call.SendImageAsync(4, OtherId, [.. System.Text.Encoding.UTF8.GetBytes(Secret)], [Secret]);   // no image
            await call.AcknowledgedAsync(4);
            await call.SendCodeAsync(9, OtherId, 5, [Secret]);   // a gap
            await Rpc.FailsAsync(StatusCode.InvalidArgument, "STREAM_SEQUENCE_GAP", call.EndAsync());
        }
        await Rpc.FailsAsync(StatusCode.NotFound, "ID_UNKNOWN", server.StoreClient.GetAsync(new GetRequest { Id = OtherId }).ResponseAsync);
        await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Id = Id }, K = 1, Filter = new SearchFilter { AnyLabel = { Secret } } }).ResponseAsync.Soon();
        await Rpc.FailsAsync(StatusCode.Internal, "ENCODER_FAILED", server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(poison) }, K = 1 }).ResponseAsync);
        server.Runtime.Store.Settle();   // from here on the record is read from the disk
        Rot(Path.Combine(folder.Path, "journal", "segment.0"), $"image {Id}");
        RpcException damaged = await Rpc.FailsAsync(StatusCode.DataLoss, "STORE_DAMAGED", server.StoreClient.GetAsync(new GetRequest { Id = Id }).ResponseAsync);
        RpcException found = await Rpc.FailsAsync(StatusCode.DataLoss, "STORE_DAMAGED",
            server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(5) }, K = 1 }).ResponseAsync);
        await server.StopAsync().Soon();
        using (Assert.EnterMultipleScope())
        {
            foreach (string told in (string[])[log.Everything, damaged.Status.Detail, found.Status.Detail])
                Assert.That(told, Is.Not.Empty.And.Not.Contains(Secret).And.Not.Contains($"{Id}").And.Not.Contains($"{OtherId}"));
            // The recorder has heard of all of it.
            Assert.That(log.Lines.Select(line => line.Event), Is.SupersetOf(new[] { 100, 102, 103, 201, 300, 302, 400 }));
            foreach (string reason in (string[])["ID_UNKNOWN", "ENCODER_FAILED", "STREAM_SEQUENCE_GAP", "STORE_DAMAGED"]) Assert.That(log.Everything, Does.Contain(reason));
        }
    }

    [Test]
    public async Task Log_OfMiddlewareThatFails_TellsTheError()
    {
        using LogRecorder log = new();
        await using TestServer server = await TestServer.StartAsync(log: log,
            configure: app => app.Use((context, next) => context.Request.Headers.ContainsKey("planted") ? throw new InvalidOperationException("planted bug") : next(context)));
        Assert.That(() => server.StoreClient.StatsAsync(new StatsRequest(), new Metadata { { "planted", "1" } }).ResponseAsync.Soon(), Throws.InstanceOf<RpcException>());
        Assert.That(log.Lines.Where(line => line.Level >= LogLevel.Error).Select(line => line.Text), Has.One.Contains("planted bug"));
    }

    /// <summary>Flips a bit of a text in a file.</summary>
    private static void Rot(string path, string text)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] bytes = new byte[Math.Min(file.Length, 1 << 20)];
        file.ReadExactly(bytes);
        int at = bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.That(at, Is.Positive, "the record must be in the file");
        file.Position = at;
        file.WriteByte((byte)(bytes[at] ^ 1));
    }
}
