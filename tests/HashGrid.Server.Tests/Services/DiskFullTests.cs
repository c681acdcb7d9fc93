using Google.Rpc;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

/// <summary>A server on a disk that is nearly full, and has room again later.</summary>
[Category("EndToEnd")]
public sealed class DiskFullTests
{
    [Test]
    public async Task Ingest_NearlyFullThenRoomAgain_IsToldToWaitAndGoesOnWithoutARestart()
    {
        var files = new FaultyFiles("none");
        await using TestServer server = await TestServer.StartAsync(files: files);
        using (IngestCall call = new(server.Channel))
        {
            await call.OpenAsync("camera");
            await call.SendCodeAsync(1, id: 1, code: 0b1);
            await call.AcknowledgedAsync(1);
            await SetFreeAsync(files, 1000);
            await call.SendCodeAsync(2, id: 2, code: 0b11);
            RpcException full = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "STORE_DISK_FULL", call.EndAsync());
            Assert.That(full.GetRpcStatus()!.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan(), Is.EqualTo(TimeSpan.FromSeconds(5)));
        }
        Assert.That((await server.StoreClient.RemoveAsync(new RemoveRequest { Id = 1 }).ResponseAsync.Soon()).Sequence, Is.GreaterThan(0UL));

        await SetFreeAsync(files, null);
        using IngestCall again = new(server.Channel);
        Assert.That((await again.OpenAsync("camera", acknowledged: 1)).ResumeAfter, Is.EqualTo(1UL));
        await again.SendCodeAsync(2, id: 2, code: 0b11);
        await again.AcknowledgedAsync(2);
        Assert.That(again.Errors, Is.Empty);
    }

    [Test]
    public async Task Snapshot_WouldFillTheDisk_IsRefusedAndStatsSayWhy()
    {
        var files = new FaultyFiles("none");
        await using TestServer server = await TestServer.StartAsync(files: files);
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("camera");
        // More than is kept for removes and commits, but not by as much as a snapshot needs.
        files.Free = new CodeStoreOptions { Directory = "any" }.MinFreeBytes + 1000;
        await call.SendCodeAsync(1, id: 1, code: 0b1);
        await call.AcknowledgedAsync(1);
        RpcException full = await Rpc.FailsAsync(StatusCode.ResourceExhausted, "STORE_DISK_FULL", server.StoreClient.SnapshotAsync(new SnapshotRequest()).ResponseAsync);
        StatsReply stats = await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();
        Assert.That((stats.State, stats.SnapshotProblem), Is.EqualTo(("ready", full.Status.Detail)));

        files.Free = null;
        Assert.That((await server.StoreClient.SnapshotAsync(new SnapshotRequest()).ResponseAsync.Soon()).Bytes, Is.GreaterThan(0UL));
        Assert.That((await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon()).SnapshotProblem, Is.Empty);
    }

    /// <summary>Returns when the server would notice: it asks four times a second.</summary>
    private static Task SetFreeAsync(FaultyFiles files, long? bytes)
    {
        files.Free = bytes;
        return Task.Delay(300);
    }
}
