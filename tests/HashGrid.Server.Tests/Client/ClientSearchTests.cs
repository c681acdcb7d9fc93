using Grpc.Core;
using HashGrid.Client;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Client;

[Category("EndToEnd")]
public class ClientSearchTests
{
    private TestServer _server = null!;
    private HashGridClient _client = null!;
    private ulong _storeSequence;

    private static BinaryCode CodeOf(ulong word) => new(new[] { word }, 64);

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _server = await TestServer.StartAsync();
        _client = new HashGridClient(_server.Url);
        await using IngestStream stream = await _client.OpenIngestAsync().Soon();
        // Code i has its i lowest bits set: its distance to 0 is i.
        for (int i = 0; i <= 40; i++)
            await stream.SendAsync(IngestItem.FromCode((ulong)i + 100, CodeOf((1UL << i) - 1)) with { Labels = [i % 2 == 0 ? "even" : "odd"], Name = $"n{i}" }).Soon();
        await stream.CompleteAsync().Soon();
        _storeSequence = stream.StoreSequence;
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task NearestAsync_ByCode_GivesTheNearestInOrder()
    {
        SearchAnswer answer = await _client.NearestAsync(SearchQuery.ByCode(CodeOf(0)), 3, Fresh with { IncludeCodes = true }).Soon();

        Assert.Multiple(() =>
        {
            Assert.That(answer.Matches.Select(match => (match.Id, match.Distance)), Is.EqualTo(((ulong, int)[])[(100, 0), (101, 1), (102, 2)]));
            Assert.That(answer.Matches[1].Code, Is.EqualTo(CodeOf(1)));
            Assert.That(answer.Matches[1].Name, Is.EqualTo("n1"));
            Assert.That(answer.Matches[1].Labels, Is.EqualTo((string[])["odd"]));
            Assert.That(answer.Exact, Is.True);
            Assert.That(answer.SeenSequence, Is.GreaterThanOrEqualTo(_storeSequence));
            Assert.That(answer.Cost.Candidates, Is.GreaterThan(0));
        });
    }

    [Test]
    public async Task NearestAsync_ByIdWithFilter_KeepsThatLabel()
    {
        SearchAnswer answer = await _client.NearestAsync(SearchQuery.ById(100), 3, Fresh with { AnyLabel = ["odd"] }).Soon();

        Assert.That(answer.Matches.Select(match => match.Id), Is.EqualTo((ulong[])[101, 103, 105]));
    }

    [Test]
    public async Task NearestAsync_ByImage_TellsTheCodeItSearchedFor()
    {
        SearchAnswer answer = await _client.NearestAsync(SearchQuery.ByImage(TestImages.Png(3)), 2, Fresh).Soon();

        Assert.Multiple(() =>
        {
            Assert.That(answer.QueryCode.Bits, Is.EqualTo(64));
            Assert.That(answer.Matches, Has.Count.EqualTo(2));
        });
    }

    [Test]
    public async Task WithinAsync_RadiusAndLimit_TellsWhenThereAreMore()
    {
        SearchAnswer all = await _client.WithinAsync(SearchQuery.ByCode(CodeOf(0)), 5, options: Fresh).Soon();
        SearchAnswer cut = await _client.WithinAsync(SearchQuery.ByCode(CodeOf(0)), 5, limit: 2, Fresh).Soon();

        Assert.Multiple(() =>
        {
            Assert.That(all.Matches.Select(match => match.Distance), Is.EqualTo((int[])[0, 1, 2, 3, 4, 5]));
            Assert.That(all.More, Is.False);
            Assert.That(cut.Matches.Select(match => match.Distance), Is.EqualTo((int[])[0, 1]));
            Assert.That(cut.More, Is.True);
        });
    }

    [Test]
    public async Task NearestAsync_UnknownId_IsNotFoundWithItsReason()
    {
        HashGridException? failure = null;
        try
        {
            await _client.NearestAsync(SearchQuery.ById(9), 1, Fresh).Soon();
        }
        catch (HashGridException caught)
        {
            failure = caught;
        }

        Assert.That(failure, Is.Not.Null.And.Property(nameof(HashGridException.Status)).EqualTo(StatusCode.NotFound)
            .And.Property(nameof(HashGridException.Reason)).EqualTo("ID_UNKNOWN"));
    }

    [Test]
    public async Task SearchStreamAsync_ManySearches_AnswersInOrderAndBadOnesFailAlone()
    {
        SearchRequest[] requests = [.. Enumerable.Range(0, 200).Select(i => i % 50 == 49
            ? SearchRequest.Nearest((ulong)i, SearchQuery.ById(9), 1, Fresh)
            : i % 2 == 0
                ? SearchRequest.Nearest((ulong)i, SearchQuery.ById((ulong)(100 + (i % 40))), 1, Fresh)
                : SearchRequest.Within((ulong)i, SearchQuery.ById((ulong)(100 + (i % 40))), 0, options: Fresh))];

        List<SearchStreamResult> results = await _client.SearchStreamAsync(requests.AsStream()).CollectAsync().Soon();

        Assert.Multiple(() =>
        {
            Assert.That(results.Select(result => result.Tag), Is.EqualTo(requests.Select(request => request.Tag)));
            foreach (SearchStreamResult result in results)
            {
                if (result.Tag % 50 == 49)
                    Assert.That(result.Failure!.Status, Is.EqualTo(StatusCode.NotFound));
                else
                    Assert.That(result.Answer!.Matches[0].Id, Is.EqualTo(100 + (result.Tag % 40)));
            }
        });
    }

    [Test]
    public async Task NearestAsync_TokenIsCancelled_Throws()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();

        Assert.That(() => _client.NearestAsync(SearchQuery.ById(100), 1, cancellationToken: cancel.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    private QueryOptions Fresh => new() { AtLeastSequence = _storeSequence };
}
