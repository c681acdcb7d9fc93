using Grpc.Core;
using HashGrid.Client;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Client;

[Category("EndToEnd")]
public class ClientEncodeTests
{
    [Test]
    public async Task EncodeAsync_ManyImages_ResultsComeInTheirOrder()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url, new HashGridClientOptions { StreamWindow = 16 });
        ImageItem[] images = [.. Enumerable.Range(0, 120).Select(i => new ImageItem((ulong)i * 3, TestImages.Png(i % 40)))];

        List<EncodeResult> results = await client.EncodeAsync(images.AsStream()).CollectAsync().Soon();

        Assert.Multiple(() =>
        {
            Assert.That(results.Select(result => result.Tag), Is.EqualTo(images.Select(image => image.Tag)));
            Assert.That(results.Take(40).Select(result => result.Code), Is.EqualTo(results.Skip(80).Select(result => result.Code)), "the same images");
            Assert.That(results.Take(40).Select(result => result.Code).Distinct().Count(), Is.GreaterThan(20));
        });
    }

    [Test]
    public async Task EncodeAsync_OneImageIsBad_ItFailsAlone()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        ImageItem[] images = [new(1, TestImages.Png(1)), new(2, new byte[] { 1, 2, 3 }), new(3, TestImages.Png(3))];

        List<EncodeResult> results = await client.EncodeAsync(images.AsStream()).CollectAsync().Soon();

        Assert.Multiple(() =>
        {
            Assert.That(results.Select(result => result.Code.Bits), Is.EqualTo((int[])[64, 0, 64]));
            Assert.That(results[1].Failure!.Status, Is.EqualTo(StatusCode.InvalidArgument));
        });
    }

    [Test]
    public async Task EncodeAsync_NoImages_GivesNothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);

        Assert.That(await client.EncodeAsync(Array.Empty<ImageItem>().AsStream()).CollectAsync().Soon(), Is.Empty);
    }

    [Test]
    public async Task EncodeAsync_ServerRestartsInMidStream_EveryImageHasItsResult()
    {
        using var folder = new TempFolder();
        TestServer server = await TestServer.StartAsync(folder: folder);
        string url = server.Url;
        try
        {
            await using var client = new HashGridClient(url, new HashGridClientOptions { StreamWindow = 8, ReconnectDelay = TimeSpan.FromMilliseconds(20) });
            var tags = new List<ulong>();
            await foreach (EncodeResult result in client.EncodeAsync(Enumerable.Range(0, 60).Select(i => new ImageItem((ulong)i, TestImages.Png(i))).AsStream()))
            {
                Assert.That(result.Failure, Is.Null);
                tags.Add(result.Tag);
                if (tags.Count != 20)
                    continue;
                await server.DisposeAsync();
                server = await TestServer.StartAsync(new ServerOptions { Listen = [new Uri(url).Authority] }, folder: folder);
            }

            Assert.That(tags, Is.EqualTo(Enumerable.Range(0, 60).Select(i => (ulong)i)));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Test]
    public async Task EncodeAsync_ServerStopsInTheMidstOfAnUpload_EveryImageHasItsResult()
    {
        using var folder = new TempFolder();
        TestServer server = await TestServer.StartAsync(folder: folder);
        string url = server.Url;
        try
        {
            await using var relay = new HoldingRelay(url, holdAfterBytes: 300_000);
            await using var client = new HashGridClient(relay.Url, new HashGridClientOptions { ReconnectDelay = TimeSpan.FromMilliseconds(20) });
            ImageItem[] images = [new(1, TestImages.Png(1)), new(2, TestImages.Png(2, 1200, stored: true)), new(3, TestImages.Png(3))];
            Task<List<EncodeResult>> encoding = client.EncodeAsync(images.AsStream()).CollectAsync();
            await Within.Until(() => server.Runtime.Uploads.Bytes > 0, "the upload to begin");
            await server.DisposeAsync();
            server = await TestServer.StartAsync(new ServerOptions { Listen = [new Uri(url).Authority] }, folder: folder);
            relay.Release();

            List<EncodeResult> results = await encoding.Soon();
            Assert.That(results.Select(result => (result.Tag, result.Failure)), Is.EqualTo(images.Select(image => (image.Tag, (ItemFailure?)null))));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Test]
    public async Task EncodeAsync_CallerStopsEarly_EndsCleanlyAndTheClientStaysUsable()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);

        await foreach (EncodeResult result in client.EncodeAsync(Endless()))
            if (result.Tag == 5)
                break;

        Assert.That((await client.DescribeAsync().Soon()).Bits, Is.EqualTo(64));

        static async IAsyncEnumerable<ImageItem> Endless()
        {
            byte[] image = TestImages.Png(1);
            for (ulong tag = 0; ; tag++)
            {
                yield return new ImageItem(tag, image);
                await Task.Yield();
            }
        }
    }

    [Test]
    public async Task EncodeAsync_TokenIsCancelled_Throws()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        using var cancel = new CancellationTokenSource();
        int seen = 0;

        async Task RunAsync()
        {
            await foreach (EncodeResult _ in client.EncodeAsync(Enumerable.Range(0, 1000).Select(i => new ImageItem((ulong)i, TestImages.Png(1))).AsStream(), cancel.Token))
                if (++seen == 3)
                    await cancel.CancelAsync();
        }

        Assert.That(() => RunAsync().Soon(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(seen, Is.LessThan(1000));
    }
}
