using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Hosting;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Hosting;

/// <summary>A stop ends by its own deadlines, whatever does not end by itself. Nothing here is let go before the stop is over.</summary>
[Category("EndToEnd")]
public sealed class StopTests
{
    // Worth a last snapshot.
    private const int Changes = 100_000;

    private static readonly ServerOptions Hasty = new() { DrainTimeout = TimeSpan.Zero, SnapshotChanges = 0, SnapshotInterval = TimeSpan.Zero };

    [Test]
    public void Times_OfTheDefaults_AreUnderFiveSecondsAndInOrder()
    {
        ServerOptions options = new();
        Assert.That(new[] { options.DrainTimeout, options.DrainTimeout + StopTimes.LastWrites + StopTimes.Linger, StopTimes.Connections(options), StopTimes.Parts(options), StopTimes.All(options), TimeSpan.FromSeconds(5) },
            Is.Ordered.Ascending.And.Unique);
    }

    [TestCase(false, TestName = "Stop_WithALastSnapshotThatNeverEnds_LeavesIt")]
    [TestCase(true, TestName = "Stop_DuringASnapshotThatNeverEnds_LeavesIt")]
    public async Task StopWithoutItsSnapshot(bool running)
    {
        using TempFolder folder = new();
        FaultyFiles files = new("index");
        files.FolderSyncMayReturn.Reset();
        await using (TestServer server = await TestServer.StartAsync(running ? Hasty with { SnapshotChanges = Changes } : Hasty, folder: folder, files: files))
        {
            CodeStore store = server.Runtime.Store;
            for (ulong id = 1; id <= Changes; id++) store.Put(new CodeRecord(id, [id], [], "", Sequence: 0), Server.Storage.PutMode.Add, null);
            await server.Runtime.Index.WaitAppliedAsync(store.LastSequence, CancellationToken.None).Soon();
            if (running) await Within.Until(() => files.FolderSyncBegan.IsSet, "a snapshot to be written");
            await server.StopAsync().Soon();
            Assert.That(files.FolderSyncBegan.IsSet, Is.True, "a snapshot was being written");
        }
        await using (TestServer again = await TestServer.StartAsync(Hasty, folder: folder))
            Assert.That((await again.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon()).Codes, Is.EqualTo(Changes));
        files.FolderSyncMayReturn.Set();
    }

    [Test]
    public async Task Stop_WithANetworkThatHangs_ClosesTheStore()
    {
        using TempFolder folder = new();
        using ManualResetEventSlim gate = new();
        await using (TestServer server = await TestServer.StartAsync(Hasty, folder: folder))
        {
            server.Encoder.BeforeBatch = _ => gate.Wait(Within.Limit);
            using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode();
            await call.RequestStream.WriteAsync(new EncodeRequest { Tag = 1, Image = ByteString.CopyFrom(TestImages.Png(1)) }).Soon();
            await Within.Until(() => server.Runtime.Encoding.Budget.Items == 1, "the image to be taken");
            await server.StopAsync().Soon();
            await using TestServer again = await TestServer.StartAsync(folder: folder);   // the folder is free
            gate.Set();
        }
    }

    [Test]
    public async Task Stop_WithAReaderThatNeverReadsAndACollectorThatNeverAnswers_CutsThemOffAndClosesTheStore()
    {
        using LogRecorder log = new();
        using TcpListener collector = new(IPAddress.Loopback, 0);
        collector.Start();   // takes connections, and says nothing
        await using TestServer server = await TestServer.StartAsync(Hasty with { OtlpEndpoint = $"http://{collector.LocalEndpoint}" }, log: log);
        CodeStore store = server.Runtime.Store;
        for (ulong id = 1; id <= 10_000; id++) store.Put(new CodeRecord(id, [id], [], "", Sequence: 0), Server.Storage.PutMode.Add, null);
        await server.Runtime.Index.WaitAppliedAsync(store.LastSequence, CancellationToken.None).Soon();
        using AsyncDuplexStreamingCall<SearchRequest, SearchReply> unread = server.SearchClient.SearchStream();
        SearchRequest all = new() { Nearest = new NearestRequest { Query = new Query { Code = Codes.Of(1) }, K = 10_000 } };
        for (int i = 0; i < 200; i++) await unread.RequestStream.WriteAsync(all).Soon();
        await server.StopAsync().Soon();
        await Within.Until(() => log.Lines.Any(line => line.Event == 103), "the store to be closed");
        Assert.That(async () => { while (await unread.ResponseStream.MoveNext(CancellationToken.None).Soon()) { } }, Throws.InstanceOf<RpcException>(), "the server ended the call");
    }
}
