using Grpc.Core;
using HashGrid.Client;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Client;

public class HashGridClientOptionsTests
{
    [Test]
    public void Validate_Defaults_HasNoProblem()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new HashGridClientOptions().Validate(), Is.Empty);
            Assert.That(new IngestOptions().Validate(), Is.Empty);
        });
    }

    [Test]
    public void Validate_SeveralProblems_TellsEach()
    {
        var options = new HashGridClientOptions { CallTimeout = TimeSpan.Zero, StreamWindow = 0, MaxReplyBytes = 1, MaxReconnectDelay = TimeSpan.Zero };

        Assert.That(options.Validate(), Has.Count.EqualTo(4));
    }

    [Test]
    public void Validate_BadIngestOptions_TellsEach()
    {
        var options = new IngestOptions { StreamId = new string('x', 129), FirstSequence = 0, MaxInFlight = 0, MaxInFlightBytes = 1 };

        Assert.That(options.Validate(), Has.Count.EqualTo(4));
    }

    [Test]
    public void Constructor_OptionsWithAProblem_Throws() =>
        Assert.That(
            () => new HashGridClient("http://127.0.0.1:5080", new HashGridClientOptions { StreamWindow = 5000 }),
            Throws.ArgumentException.With.Message.Contains("StreamWindow is 5000"));

    [TestCase("ftp://127.0.0.1")]
    [TestCase("127.0.0.1:5080")]
    [TestCase("unix:relative.sock")]
    [TestCase("nonsense")]
    public void Constructor_AddressThatCannotBeUsed_TellsWhatCan(string address) =>
        Assert.That(() => new HashGridClient(address), Throws.ArgumentException.With.Message.Contains("unix:/path/of/socket"));

    [Test]
    public void Constructor_ApiKeyOverHttpToAnotherMachine_Throws() =>
        Assert.That(
            () => new HashGridClient("http://192.0.2.1:5080", new HashGridClientOptions { ApiKey = "0123456789abcdef" }),
            Throws.ArgumentException.With.Message.Contains("use https"));

    [TestCase("")]
    [TestCase("two words")]
    [TestCase("line\nbreak")]
    public void Validate_ApiKeyThatNoHeaderCarries_IsAProblem(string key) =>
        Assert.That(new HashGridClientOptions { ApiKey = key }.Validate(), Has.Count.EqualTo(1).And.Some.Contains("ApiKey"));

    [TestCase(0)]
    [TestCase(10_001)]
    public async Task NearestAsync_KOutOfRange_ThrowsBeforeAnythingIsSent(int k)
    {
        await using var client = new HashGridClient("http://127.0.0.1:1");

        Assert.That(() => client.NearestAsync(SearchQuery.ById(1), k), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase((byte)1, TestName = "StatsAsync_ConnectionEndsWithProtocolError_IsUnavailable")]
    [TestCase((byte)2, TestName = "StatsAsync_ConnectionEndsWithInternalError_IsUnavailable")]
    [TestCase((byte)11, TestName = "StatsAsync_ConnectionEndsWithEnhanceYourCalm_IsUnavailable")]
    public async Task StatsAsync_ConnectionEndsWithAnErrorOfHttp2_IsUnavailable(byte errorCode)
    {
        await using var server = new LostConnection(errorCode);
        await using var client = new HashGridClient(server.Url);

        HashGridException? exception = await Assert.ThrowsAsync<HashGridException>(() => client.StatsAsync().Soon());

        Assert.Multiple(() =>
        {
            Assert.That((exception!.Status, exception.Reason), Is.EqualTo((StatusCode.Unavailable, "CONNECTION_LOST")));
            Assert.That(exception.Message, Does.Contain(server.Url).And.Contain("try again"));
            Assert.That(server.Connections, Is.EqualTo(1), "a call that may have been carried out must not be repeated unasked");
        });
    }

    [Test]
    public async Task StatsAsync_NobodyListens_SaysWhereAndWhatToDo()
    {
        await using var client = new HashGridClient("unix:/nonexistent/hashgrid.sock");

        HashGridException? exception = await Assert.ThrowsAsync<HashGridException>(() => client.StatsAsync().WaitAsync(Within.Limit));

        Assert.Multiple(() =>
        {
            Assert.That(exception!.Reason, Is.EqualTo("UNREACHABLE"));
            Assert.That(exception.Message, Does.Contain("unix:/nonexistent/hashgrid.sock").And.Contain("hashgrid serve"));
        });
    }
}
