using Grpc.Core;
using HashGrid.Client;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Client;

[Category("EndToEnd")]
public class ClientIngestTests
{
    private static BinaryCode CodeOf(ulong word, int bits = 64) => new(new[] { word }, bits);

    [Test]
    public async Task IngestAsync_CodesAndImages_EveryOneIsDurableInOrder()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        IngestItem[] items = [.. Enumerable.Range(1, 300).Select(i => i % 10 == 0
            ? IngestItem.FromImage((ulong)i, TestImages.Png(i)) with { Name = $"{i}.png" }
            : IngestItem.FromCode((ulong)i, CodeOf((ulong)i)) with { Labels = ["a", "b"] })];

        List<IngestResult> results = await client.IngestAsync(items.AsStream()).CollectAsync().Soon();
        StoredItem? stored = await client.GetAsync(7).Soon();

        Assert.Multiple(() =>
        {
            Assert.That(results.Select(result => result.Id), Is.EqualTo(items.Select(item => item.Id)));
            Assert.That(results.Select(result => result.Sequence), Is.EqualTo(Enumerable.Range(1, 300).Select(i => (ulong)i)));
            Assert.That(results, Has.All.Property(nameof(IngestResult.Failure)).Null.And.All.Property(nameof(IngestResult.Resumed)).False);
            Assert.That(stored!.Code, Is.EqualTo(CodeOf(7)));
            Assert.That(stored.Labels, Is.EqualTo((string[])["a", "b"]));
        });
    }

    [Test]
    public async Task IngestAsync_SomeItemsAreBad_OnlyTheyAreRefused()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        IngestItem[] items =
        [
            IngestItem.FromCode(1, CodeOf(1)),
            IngestItem.FromImage(2, "no image"u8.ToArray()),
            IngestItem.FromCode(3, CodeOf(3, 48)),
            IngestItem.FromImage(4, TestImages.Png(4).AsMemory(0, 100)),
            IngestItem.FromCode(1, CodeOf(2)),
            IngestItem.FromCode(1, CodeOf(5)) with { Overwrite = true },
        ];

        List<IngestResult> results = await client.IngestAsync(items.AsStream()).CollectAsync().Soon();
        StoredItem? replaced = await client.GetAsync(1).Soon();

        Assert.Multiple(() =>
        {
            Assert.That(results.Select(result => result.Failure?.Status), Is.EqualTo((StatusCode?[])
                [null, StatusCode.InvalidArgument, StatusCode.InvalidArgument, StatusCode.InvalidArgument, StatusCode.AlreadyExists, null]));
            Assert.That(results[1].Failure!.Reason, Is.Not.Empty);
            Assert.That(results[1].Failure!.Message, Is.Not.Empty);
            Assert.That(replaced!.Code, Is.EqualTo(CodeOf(5)));
        });
    }

    [Test]
    public async Task IngestAsync_ImageAboveOneMebibyte_TravelsInChunksAndHasTheSameCode()
    {
        byte[] file = TestImages.Png(5, side: 1500, stored: true);
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);

        List<IngestResult> results = await client.IngestAsync(new[] { IngestItem.FromImage(1, file) }.AsStream()).CollectAsync().Soon();
        List<EncodeResult> encoded = await client.EncodeAsync(new[] { new ImageItem(9, file) }.AsStream()).CollectAsync().Soon();
        StoredItem? stored = await client.GetAsync(1).Soon();

        Assert.Multiple(() =>
        {
            Assert.That(file, Has.Length.GreaterThan(2 << 20), "the test needs a large file");
            Assert.That(results[0].Failure, Is.Null);
            Assert.That(stored!.Code, Is.EqualTo(encoded[0].Code));
        });
    }

    [Test]
    public async Task IngestStream_ServerRestartsInMidStream_StoresEveryItemOnce()
    {
        const int Count = 600;
        using var folder = new TempFolder();
        TestServer server = await TestServer.StartAsync(folder: folder);
        string url = server.Url;
        try
        {
            await using var client = new HashGridClient(url, new HashGridClientOptions { ReconnectDelay = TimeSpan.FromMilliseconds(20), MaxReconnectDelay = TimeSpan.FromMilliseconds(200) });
            await using IngestStream stream = await client.OpenIngestAsync(new IngestOptions { MaxInFlight = 64 }).Soon();
            Task sending = Task.Run(async () =>
            {
                for (ulong id = 1; id <= Count; id++)
                    await stream.SendAsync(IngestItem.FromCode(id, CodeOf(id)));
                await stream.CompleteAsync();
            });
            var results = new List<IngestResult>();
            await foreach (IngestResult result in stream.ReadResultsAsync())
            {
                results.Add(result);
                if (results.Count is not (100 or 300))
                    continue;
                await server.DisposeAsync();
                server = await TestServer.StartAsync(new ServerOptions { Listen = [new Uri(url).Authority] }, folder: folder);
            }
            await sending.Soon();
            StoreStats stats = await client.StatsAsync().Soon();

            Assert.Multiple(() =>
            {
                Assert.That(results.Select(result => result.Sequence), Is.EqualTo(Enumerable.Range(1, Count).Select(i => (ulong)i)));
                Assert.That(results, Has.All.Property(nameof(IngestResult.Failure)).Null);
                Assert.That(stats.Codes, Is.EqualTo(Count));
            });
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Test]
    public async Task OpenIngestAsync_SameStreamFromItsBeginning_AnswersKnownItemsWithoutSendingAndTellsOldRefusals()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        var options = new IngestOptions { StreamId = "import", FirstSequence = 1 };
        IngestItem[] items = [IngestItem.FromCode(1, CodeOf(1)), IngestItem.FromCode(2, CodeOf(2, 48)), IngestItem.FromCode(3, CodeOf(3))];
        await client.IngestAsync(items.AsStream(), options).CollectAsync().Soon();

        List<IngestResult> again = await client.IngestAsync(items.Append(IngestItem.FromCode(4, CodeOf(4))).AsStream(), options).CollectAsync().Soon();

        Assert.Multiple(() =>
        {
            Assert.That(again.Select(result => result.Resumed), Is.EqualTo((bool[])[true, true, true, false]));
            Assert.That(again.Select(result => result.Failure is null), Is.EqualTo((bool[])[true, false, true, true]));
        });
    }

    [Test]
    public async Task OpenIngestAsync_KnownStreamWithoutFirstSequence_GoesOnBehindTheLast()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        var options = new IngestOptions { StreamId = "append" };
        await client.IngestAsync(new[] { IngestItem.FromCode(1, CodeOf(1)) }.AsStream(), options).CollectAsync().Soon();

        await using IngestStream stream = await client.OpenIngestAsync(options).Soon();
        ulong sequence = await stream.SendAsync(IngestItem.FromCode(2, CodeOf(2))).Soon();
        await stream.CompleteAsync().Soon();

        Assert.Multiple(() =>
        {
            Assert.That(stream.ResumedThrough, Is.EqualTo(1));
            Assert.That(sequence, Is.EqualTo(2));
            Assert.That(stream.Acknowledged, Is.EqualTo(2));
        });
    }

    [Test]
    public async Task OpenIngestAsync_FirstSequenceLeavesAGap_Throws()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);

        ArgumentException failure = await Throws<ArgumentException>(client.OpenIngestAsync(new IngestOptions { StreamId = "gap", FirstSequence = 5 }));

        Assert.That(failure.Message, Does.Contain("FirstSequence is 5").And.Contains("only up to 0"));
    }

    [Test]
    public async Task OpenIngestAsync_ServerRunsAnotherModel_IsRefused()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);

        HashGridException failure = await Throws<HashGridException>(client.OpenIngestAsync(new IngestOptions { ModelFingerprint = new string('f', 64) }));

        Assert.Multiple(() =>
        {
            Assert.That(failure.Status, Is.EqualTo(StatusCode.FailedPrecondition));
            Assert.That(failure.Reason, Is.EqualTo("MODEL_MISMATCH"));
        });
    }

    [Test]
    public async Task SendAsync_ResultsAreNotRead_WaitsAtTheWindow()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        await using IngestStream stream = await client.OpenIngestAsync(new IngestOptions { MaxInFlight = 3 }).Soon();
        for (ulong id = 1; id <= 3; id++)
            await stream.SendAsync(IngestItem.FromCode(id, CodeOf(id))).Soon();
        await Within.Until(() => stream.Acknowledged == 3, "three acknowledgements");

        Task<ulong> fourth = stream.SendAsync(IngestItem.FromCode(4, CodeOf(4))).AsTask();
        await Task.Delay(100);
        bool waited = !fourth.IsCompleted;
        await using IAsyncEnumerator<IngestResult> results = stream.ReadResultsAsync().GetAsyncEnumerator();
        await results.MoveNextAsync().Soon();

        Assert.Multiple(async () =>
        {
            Assert.That(waited, Is.True);
            Assert.That(await fourth.Soon(), Is.EqualTo(4));
        });
    }

    [Test]
    public async Task SendAsync_TokenIsCancelledWhileItWaits_LeavesTheStreamUsable()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        await using IngestStream stream = await client.OpenIngestAsync(new IngestOptions { MaxInFlight = 1 }).Soon();
        await stream.SendAsync(IngestItem.FromCode(1, CodeOf(1))).Soon();

        using var cancel = new CancellationTokenSource(50);
        await Throws<OperationCanceledException>(stream.SendAsync(IngestItem.FromCode(2, CodeOf(2)), cancel.Token).AsTask());
        await stream.CompleteAsync().Soon();

        Assert.That(stream.Acknowledged, Is.EqualTo(1));
    }

    [Test]
    public async Task SendAsync_AfterComplete_Throws()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        await using IngestStream stream = await client.OpenIngestAsync().Soon();
        await stream.CompleteAsync().Soon();

        await Throws<InvalidOperationException>(stream.SendAsync(IngestItem.FromCode(1, CodeOf(1))).AsTask());
    }

    [Test]
    public async Task IngestStream_SecondWriterOpensIt_FirstEndsWithAborted()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        await using IngestStream first = await client.OpenIngestAsync(new IngestOptions { StreamId = "one" }).Soon();
        await using IngestStream second = await client.OpenIngestAsync(new IngestOptions { StreamId = "one" }).Soon();

        HashGridException failure = await Throws<HashGridException>(first.CompleteAsync());
        await second.SendAsync(IngestItem.FromCode(1, CodeOf(1))).Soon();
        await second.CompleteAsync().Soon();

        Assert.Multiple(() =>
        {
            Assert.That(failure.Status, Is.EqualTo(StatusCode.Aborted));
            Assert.That(second.Acknowledged, Is.EqualTo(1));
        });
    }

    [Test]
    public async Task IngestStream_ServerStaysAway_FailsAfterReconnectTimeout()
    {
        TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url, new HashGridClientOptions { ReconnectTimeout = TimeSpan.FromMilliseconds(300) });
        await using IngestStream stream = await client.OpenIngestAsync().Soon();
        await server.DisposeAsync();

        HashGridException failure = await Throws<HashGridException>(stream.CompleteAsync());

        Assert.That(failure.Status, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task IngestAsync_SourceFails_GivesItsException()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);

        IOException failure = await Throws<IOException>(client.IngestAsync(FailingItems()).CollectAsync());

        Assert.That(failure.Message, Is.EqualTo("the source broke"));

        static async IAsyncEnumerable<IngestItem> FailingItems()
        {
            yield return IngestItem.FromCode(1, CodeOf(1));
            await Task.Yield();
            throw new IOException("the source broke");
        }
    }

    private static async Task<T> Throws<T>(Task task)
        where T : Exception
    {
        try
        {
            await task.Soon();
        }
        catch (T failure)
        {
            return failure;
        }
        throw new AssertionException($"{typeof(T).Name} was expected, but nothing was thrown");
    }
}
