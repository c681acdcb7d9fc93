using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

[Category("EndToEnd")]
public sealed class StoreServiceTests
{
    [Test]
    public async Task Remove_StoredId_IsGoneFromStoreAndSearchAndStaysGone()
    {
        using TempFolder folder = new();
        await using (TestServer server = await TestServer.StartAsync(folder: folder))
        {
            await FillAsync(server);
            RemoveReply removed = await server.StoreClient.RemoveAsync(new RemoveRequest { Id = 2 }).ResponseAsync.Soon();
            await GoneAsync(server, removed.Sequence);
            await Rpc.FailsAsync(StatusCode.NotFound, "ID_UNKNOWN", server.StoreClient.RemoveAsync(new RemoveRequest { Id = 2 }).ResponseAsync);
        }
        await using TestServer again = await TestServer.StartAsync(folder: folder);
        await GoneAsync(again, 0);

        static async Task GoneAsync(TestServer server, ulong atLeast)
        {
            await Rpc.FailsAsync(StatusCode.NotFound, "ID_UNKNOWN", server.StoreClient.GetAsync(new GetRequest { Id = 2 }).ResponseAsync);
            SearchReply reply = await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(2) }, K = 10, AtLeastSequence = atLeast }).ResponseAsync.Soon();
            Assert.That(reply.Neighbors.Select(neighbor => neighbor.Id), Is.EquivalentTo(new[] { 1ul, 3ul }));
        }
    }

    [Test]
    public async Task Stats_AfterWork_TellsIt()
    {
        await using TestServer server = await TestServer.StartAsync();
        ulong sequence = await FillAsync(server);
        await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Id = 1 }, K = 1, AtLeastSequence = sequence }).ResponseAsync.Soon();
        StatsReply stats = await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((stats.Codes, stats.State, stats.Searches, stats.Model.Name), Is.EqualTo((3ul, "ready", 1ul, "tiny-64")));
            Assert.That(stats.DurableSequence, Is.GreaterThanOrEqualTo(sequence));
            Assert.That(stats.IndexedSequence, Is.GreaterThanOrEqualTo(sequence));
            Assert.That(stats.ImagesEncoded, Is.EqualTo(1));
            Assert.That(Guid.TryParse(stats.StoreId, out _), Is.True);
        }
    }

    [Test]
    public async Task Snapshot_ThenRestart_FindsEverythingUnderTheSameStoreId()
    {
        using TempFolder folder = new();
        string storeId;
        await using (TestServer server = await TestServer.StartAsync(folder: folder))
        {
            ulong sequence = await FillAsync(server);
            SnapshotReply snapshot = await server.StoreClient.SnapshotAsync(new SnapshotRequest()).ResponseAsync.Soon();
            Assert.That((snapshot.Sequence, snapshot.Bytes > 0), Is.EqualTo((sequence, true)));
            storeId = (await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon()).StoreId;
        }
        await using TestServer again = await TestServer.StartAsync(folder: folder);
        StatsReply stats = await again.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();
        Assert.That((stats.Codes, stats.StoreId), Is.EqualTo((3ul, storeId)));
        SearchReply reply = await again.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Id = 1 }, K = 10 }).ResponseAsync.Soon();
        Assert.That(reply.Neighbors, Has.Count.EqualTo(3));
    }

    private static async Task<ulong> FillAsync(TestServer server)
    {
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("fill");
        await call.SendCodeAsync(1, 1, 1);
        await call.SendCodeAsync(2, 2, 2);
        await call.SendImageAsync(3, 3, TestImages.Png(3));
        await call.AcknowledgedAsync(3);
        return call.StoreSequence;
    }
}
