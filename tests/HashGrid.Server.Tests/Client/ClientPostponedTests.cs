using Grpc.Core;
using HashGrid.Client;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;
using SearchRequest = HashGrid.Client.SearchRequest;
using Wire = HashGrid.Protos.V1;

namespace HashGrid.Server.Tests.Client;

/// <summary>What a server puts off, since it stops or has just started, is no outcome of an item: the client sends it again.</summary>
[Category("EndToEnd")]
public sealed class ClientPostponedTests
{
    private static readonly HashGridClientOptions Fast = new() { ReconnectDelay = TimeSpan.FromMilliseconds(10) };

    [Test]
    public async Task EncodeAsync_ServerDrainsInTheMidstOfAnUpload_SendsTheImageAgain()
    {
        // The first connection answers image 1, puts off 2, as an upload that the drain cut off, answers 3 and ends at 4.
        await using AnsweringServer server = await AnsweringServer.StartAsync("/hashgrid.v1.Encoder/Encode", EncodeRequest.Parser, (call, request) => (call, request.Tag) switch
        {
            (1, 2) => new EncodeReply { Tag = 2, Error = Unavailable("SERVER_DRAINING") },
            (1, 4) => null,
            _ => new EncodeReply { Tag = request.Tag, Code = Codes.Of(request.Tag) },
        });
        await using var client = new HashGridClient(server.Url, Fast);
        List<EncodeResult> results = await client.EncodeAsync(Enumerable.Range(1, 6).Select(i => new ImageItem((ulong)i, new byte[] { 1 })).AsStream()).CollectAsync().Soon();
        Assert.That(results.Select(result => result.Failure), Is.All.Null);
        Assert.That(results.Select(result => result.Code.Words.Span[0]), Is.EqualTo(new ulong[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(server.Calls, Is.EqualTo(2));
    }

    [Test]
    public async Task SearchStreamAsync_ServerCatchesUp_AsksAgainUntilItHas()
    {
        // Two connections that answer everything with "not yet" and stay open, as a server does after its start.
        await using AnsweringServer server = await SearchingAsync((call, request) => call <= 2 || (call == 3 && request.Tag == 5));
        await using var client = new HashGridClient(server.Url, Fast);
        List<SearchStreamResult> results = await client.SearchStreamAsync(Queries().AsStream()).CollectAsync().Soon();
        Assert.That(results.Select(result => result.Failure), Is.All.Null);
        Assert.That(results.Select(result => result.Answer!.Matches.Single().Id), Is.EqualTo(Enumerable.Range(1, 8).Select(i => (ulong)i)));
        Assert.That(server.Calls, Is.EqualTo(4));
    }

    [Test]
    public async Task SearchStreamAsync_ServerNeverCatchesUp_GivesUpWithItsReason()
    {
        await using AnsweringServer server = await SearchingAsync((_, _) => true);
        await using var client = new HashGridClient(server.Url, Fast with { ReconnectTimeout = TimeSpan.FromSeconds(2) });
        HashGridException? failure = await Assert.ThrowsAsync<HashGridException>(() => client.SearchStreamAsync(Queries().AsStream()).CollectAsync().Soon());
        Assert.That((failure!.Status, failure.Reason), Is.EqualTo((StatusCode.Unavailable, "INDEX_CATCHING_UP")));
        Assert.That(server.Calls, Is.GreaterThan(1));
    }

    [Test]
    public async Task SearchStreamAsync_IndexFailed_IsTheOutcomeOfTheSearch()
    {
        await using AnsweringServer server = await AnsweringServer.StartAsync("/hashgrid.v1.Search/SearchStream", Wire.SearchRequest.Parser,
            (_, request) => new SearchReply { Tag = request.Tag, Error = Unavailable("INDEX_FAILED") });
        await using var client = new HashGridClient(server.Url, Fast);
        List<SearchStreamResult> results = await client.SearchStreamAsync(Queries().AsStream()).CollectAsync().Soon();
        Assert.That(results.Select(result => result.Failure?.Reason), Is.All.EqualTo("INDEX_FAILED"));
    }

    private static Task<AnsweringServer> SearchingAsync(Func<int, Wire.SearchRequest, bool> notYet) => AnsweringServer.StartAsync("/hashgrid.v1.Search/SearchStream", Wire.SearchRequest.Parser,
        (call, request) => notYet(call, request)
            ? new SearchReply { Tag = request.Tag, Error = Unavailable("INDEX_CATCHING_UP") }
            : new SearchReply { Tag = request.Tag, Neighbors = { new Neighbor { Id = request.Nearest.Query.Id } } });

    private static IEnumerable<SearchRequest> Queries() => Enumerable.Range(1, 8).Select(i => SearchRequest.Nearest((ulong)i, SearchQuery.ById((ulong)i), 1));

    private static ItemError Unavailable(string reason) => new() { Code = (uint)StatusCode.Unavailable, Reason = reason, Message = "try again" };
}
