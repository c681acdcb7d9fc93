using System.IO.Pipelines;
using Grpc.Core;
using HashGrid.Client;
using HashGrid.Protos.V1;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Tests.Client;
using HashGrid.Server.Tests.Support;
using BackupOffer = HashGrid.Server.Storage.Backups.BackupOffer;
using BackupPosition = HashGrid.Client.BackupPosition;
using IngestItem = HashGrid.Client.IngestItem;

namespace HashGrid.Server.Tests.Services;

[Category("EndToEnd")]
public sealed class BackupServiceTests
{
    [Test]
    public async Task Backup_WhileClientsIngest_HoldsEverythingAcknowledgedBefore()
    {
        using TempFolder copy = new();
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        using var stop = new CancellationTokenSource();
        Task writing = Task.Run(async () =>
        {
            for (ulong id = 1_000_000; !stop.IsCancellationRequested; id += 200)
                await client.IngestAsync(Items(id, 200)).CollectAsync();
        });
        for (ulong first = 1; first <= 601; first += 200)
        {
            await client.IngestAsync(Items(first, 200)).CollectAsync().Soon();
            await DownloadAsync(client, copy.Path);
            Assert.That(StoreCheck.Run(copy.Path, CancellationToken.None).Findings, Is.Empty);
        }
        await stop.CancelAsync();
        await writing.Soon();
        BackupReport last = await DownloadAsync(client, copy.Path);
        Assert.That((last.Continued, last.LastSequence), Is.EqualTo((true, server.Runtime.Store.LastSequence)));
        using TempFolder restored = new();
        await StoreBackup.RestoreAsync(copy.Path, new CodeStoreOptions { Directory = restored.Path }, null, CancellationToken.None).Soon();
        await using TestServer again = await TestServer.StartAsync(folder: restored);
        Assert.That(again.Runtime.Store.Count, Is.EqualTo(server.Runtime.Store.Count));
        SearchReply expected = await NearestAsync(server), actual = await NearestAsync(again);
        Assert.That(actual.Neighbors, Is.EqualTo(expected.Neighbors).And.Count.EqualTo(50));
    }

    [Test]
    public async Task Backup_ServerStopsInBetween_NextRunGoesOnAgainstTheRestartedOne()
    {
        using TempFolder data = new(), copy = new();
        await using (TestServer server = await TestServer.StartAsync(folder: data))
        {
            await FillAsync(server, 6000);
            await using var client = new HashGridClient(server.Url);
            Task? stopping = null;
            HashGridException? failure = await Assert.ThrowsAsync<HashGridException>(() => DownloadAsync(client, copy.Path, async received =>
            {
                if (received < 300_000 || stopping is not null)
                    return;
                // Most of it is still behind the flow control of a reader that waits.
                stopping = server.StopAsync();
                await Within.Until(() => server.Runtime.Draining.IsCancellationRequested, "the server drains");
            }));
            Assert.That(failure!.Reason, Is.EqualTo("SERVER_DRAINING"));
            await stopping!.Soon();
        }
        await using TestServer again = await TestServer.StartAsync(folder: data);
        await using var reconnected = new HashGridClient(again.Url);
        BackupReport report = await DownloadAsync(reconnected, copy.Path);
        Assert.That((report.Continued, report.LastSequence), Is.EqualTo((true, again.Runtime.Store.LastSequence)));
        Assert.That(report.CopiedBytes, Is.LessThan(report.JournalBytes - 200_000));
        Assert.That(StoreCheck.Run(copy.Path, CancellationToken.None).Findings, Is.Empty);
    }

    [Test]
    public async Task Backup_OfAnotherStoreOrSenseless_IsRefused()
    {
        await using TestServer server = await TestServer.StartAsync();
        var other = new Protos.V1.BackupPosition { StoreId = Guid.NewGuid().ToString(), Sequence = 1, Address = 128 };
        await Rpc.FailsAsync(StatusCode.FailedPrecondition, "BACKUP_OTHER_HISTORY", FirstAsync(other));
        await Rpc.FailsAsync(StatusCode.InvalidArgument, "REQUEST_INCOMPLETE", FirstAsync(new Protos.V1.BackupPosition { StoreId = "mine" }));
        var ahead = new Protos.V1.BackupPosition { StoreId = server.Runtime.Store.StoreId.ToString(), Sequence = ulong.MaxValue, Address = ulong.MaxValue };
        await Rpc.FailsAsync(StatusCode.FailedPrecondition, "BACKUP_OTHER_HISTORY", FirstAsync(ahead));

        async Task FirstAsync(Protos.V1.BackupPosition have)
        {
            using AsyncServerStreamingCall<BackupReply> call = server.StoreClient.Backup(new BackupRequest { Have = have });
            await call.ResponseStream.MoveNext(CancellationToken.None);
        }
    }

    [Test]
    public async Task Restore_OlderCopyMetByAClientAhead_TellsItAndNothingIsLostOrDoubled()
    {
        using TempFolder data = new(), copy = new(), restored = new();
        await using TestServer first = await TestServer.StartAsync(folder: data);
        await using var before = new HashGridClient(first.Url);
        await using IngestStream stream = await before.OpenIngestAsync(new IngestOptions { StreamId = "camera" }).Soon();
        await SendAsync(stream, 1, 5);
        await DownloadAsync(before, copy.Path);
        await SendAsync(stream, 6, 10);
        ulong token = stream.StoreSequence;
        string address = first.Url["http://".Length..];
        await first.DisposeAsync();
        await StoreBackup.RestoreAsync(copy.Path, new CodeStoreOptions { Directory = restored.Path }, null, CancellationToken.None).Soon();

        await using TestServer second = await TestServer.StartAsync(new ServerOptions { Listen = [address] }, folder: restored);
        // The client still runs and remembers ten acknowledgements; the store knows five.
        HashGridException? ahead = await Assert.ThrowsAsync<HashGridException>(() => SendAsync(stream, 11, 11));
        Assert.That((ahead!.Status, ahead.Reason), Is.EqualTo((StatusCode.FailedPrecondition, "STREAM_AHEAD")));
        Assert.That(second.Runtime.Store.Count, Is.EqualTo(5), "nothing was stored behind the gap");
        await Rpc.FailsAsync(StatusCode.FailedPrecondition, "SEQUENCE_AHEAD", second.SearchClient.NearestAsync(
            new NearestRequest { Query = new Query { Code = Codes.Of(1) }, K = 1, AtLeastSequence = token }).ResponseAsync);

        // One that knows where it stands in its own source is told, too.
        await using var after = new HashGridClient(second.Url);
        ArgumentException? gap = await Assert.ThrowsAsync<ArgumentException>(() => after.OpenIngestAsync(new IngestOptions { StreamId = "camera", FirstSequence = 11 }).Soon());
        Assert.That(gap!.Message, Does.Contain("only up to 5"));
        // Repeated from its beginning, the stream fills up what the copy lacks, once.
        List<IngestResult> results = await after.IngestAsync(Items(1, 11), new IngestOptions { StreamId = "camera", FirstSequence = 1 }).CollectAsync().Soon();
        Assert.That(results.Select(result => (result.Sequence, result.Resumed, result.Failure)), Is.EqualTo(Enumerable.Range(1, 11).Select(i => ((ulong)i, i <= 5, (ItemFailure?)null))));
        second.Runtime.Store.Settle();
        Assert.That(second.Runtime.Store.Count, Is.EqualTo(11));
    }

    private static async Task SendAsync(IngestStream stream, ulong first, ulong last)
    {
        for (ulong id = first; id <= last; id++)
            await stream.SendAsync(Item(id)).Soon();
        await using IAsyncEnumerator<IngestResult> results = stream.ReadResultsAsync().GetAsyncEnumerator();
        for (ulong id = first; id <= last; id++)
            Assert.That(await results.MoveNextAsync().Soon() ? results.Current.Sequence : 0, Is.EqualTo(id));
    }

    /// <summary>What <c>hashgrid backup --server</c> does.</summary>
    private static async Task<BackupReport> DownloadAsync(HashGridClient client, string target, Func<long, Task>? onReceived = null)
    {
        using var folder = BackupFolder.Open(new CodeStoreOptions { Directory = target }, mustBeNew: false, CancellationToken.None);
        BackupPosition? have = folder.Have is { } point
            ? new BackupPosition(point.StoreId.ToString(), point.Generation, (ulong)point.Sequence, (ulong)point.Address, point.Link)
            : null;
        using BackupDownload download = await client.BackupAsync(have).Soon();
        return await folder.ReceiveAsync(new BackupOffer(download.Superblock, download.Continues, (long)download.FromAddress), SendAsync, null, CancellationToken.None).Soon();

        async Task SendAsync(PipeWriter writer, CancellationToken stop)
        {
            long received = 0;
            await foreach (ReadOnlyMemory<byte> piece in download.ReadAsync(stop))
            {
                Assert.That(piece.Length, Is.InRange(1, StoreBackup.PieceBytes));
                await writer.WriteAsync(piece, stop);
                received += piece.Length;
                if (onReceived is not null)
                    await onReceived(received);
            }
        }
    }

    private static Task<SearchReply> NearestAsync(TestServer server)
    {
        var request = new NearestRequest { Query = new Query { Code = Codes.Of(0x1234_5678) }, K = 50, AtLeastSequence = (ulong)server.Runtime.Store.DurableSequence };
        return server.SearchClient.NearestAsync(request).ResponseAsync.Soon();
    }

    private static async Task FillAsync(TestServer server, ulong records)
    {
        string name = new('n', 256);
        for (ulong id = 1; id <= records; id++)
            server.Runtime.Store.Put(new CodeRecord(id, [id * 7], [new string('l', 128), new string('m', 128), new string('o', 128)], name, 0), HashGrid.Server.Storage.PutMode.Add, null);
        await server.Runtime.Store.WaitDurableAsync(server.Runtime.Store.LastSequence, CancellationToken.None).Soon();
    }

    private static IngestItem Item(ulong id) => IngestItem.FromCode(id, new BinaryCode(new[] { id * 0x9E37_79B9 }, 64)) with { Name = $"item {id}" };

    private static IAsyncEnumerable<IngestItem> Items(ulong first, int count) => Enumerable.Range(0, count).Select(i => Item(first + (ulong)i)).AsStream();
}
