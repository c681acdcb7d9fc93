using HashGrid.Client;
using HashGrid.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace HashGrid.Server.Tests.Client;

[Category("EndToEnd")]
public class ClientStoreTests
{
    [Test]
    public async Task Store_GetRemoveStatsSnapshot_TellWhatIsThere()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var client = new HashGridClient(server.Url);
        await client.IngestAsync(Items(5)).CollectAsync().Soon();

        StoredItem? before = await client.GetAsync(3).Soon();
        bool removed = await client.RemoveAsync(3).Soon(), again = await client.RemoveAsync(3).Soon();
        StoredItem? after = await client.GetAsync(3).Soon();
        StoreStats stats = await client.StatsAsync().Soon();
        SnapshotReport snapshot = await client.SnapshotAsync().Soon();

        Assert.Multiple(() =>
        {
            Assert.That(before!.Name, Is.EqualTo("item 3"));
            Assert.That((removed, again), Is.EqualTo((true, false)));
            Assert.That(after, Is.Null);
            Assert.That(stats.Codes, Is.EqualTo(4));
            Assert.That(stats.Model.Bits, Is.EqualTo(64));
            Assert.That(stats.State, Is.EqualTo("ready"));
            Assert.That(snapshot.Sequence, Is.EqualTo(stats.DurableSequence));
        });
    }

    [Test]
    public async Task Client_OverUnixSocket_Works()
    {
        using var folder = new TempFolder();
        string socket = "unix:" + Path.Combine(folder.Path, "s");
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Listen = [socket] });
        await using var client = new HashGridClient(socket);
        await client.IngestAsync(Items(3)).CollectAsync().Soon();

        Assert.That((await client.StatsAsync().Soon()).Codes, Is.EqualTo(3));
    }

    [Test]
    public async Task AddHashGridClient_InAServiceCollection_GivesOneWorkingClient()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using ServiceProvider services = new ServiceCollection().AddHashGridClient(server.Url).BuildServiceProvider();

        var client = services.GetRequiredService<HashGridClient>();

        Assert.Multiple(async () =>
        {
            Assert.That(services.GetRequiredService<HashGridClient>(), Is.SameAs(client));
            Assert.That((await client.DescribeAsync().Soon()).Bits, Is.EqualTo(64));
        });
    }

    private static IAsyncEnumerable<IngestItem> Items(int count) => Enumerable.Range(1, count)
        .Select(i => IngestItem.FromCode((ulong)i, new BinaryCode(new[] { (ulong)i }, 64)) with { Name = $"item {i}" }).AsStream();
}
