using System.Net.Sockets;
using HashGrid.Protos.V1;
using HashGrid.Server.Hosting;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Hosting;

[Category("EndToEnd")]
public sealed class StartTests
{
    [Test]
    public async Task Start_FolderOfAnotherModel_IsRefused()
    {
        using TempFolder folder = new();
        await using (await TestServer.StartAsync(folder: folder)) { }
        Assert.That(() => TestServer.StartAsync(encoder: new TinyEncoder(fingerprint: new string('b', 64)), folder: folder),
            Throws.InstanceOf<CodeStoreException>().With.Property("Reason").EqualTo(CodeStoreProblem.WrongModel));
    }

    [Test]
    public async Task Start_FolderInUse_IsRefusedAndTheOwnerLivesOn()
    {
        using TempFolder folder = new();
        await using TestServer owner = await TestServer.StartAsync(folder: folder);
        Assert.That(() => TestServer.StartAsync(folder: folder), Throws.InstanceOf<CodeStoreException>().With.Property("Reason").EqualTo(CodeStoreProblem.InUse));
        Assert.That((await owner.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon()).State, Is.EqualTo("ready"));
    }

    [Test]
    public async Task Start_PortInUse_IsOneClearLineAndFreesTheFolder()
    {
        using TempFolder folder = new();
        await using TestServer owner = await TestServer.StartAsync();
        ServerOptions options = new() { Listen = [owner.Url["http://".Length..]] };
        Exception? failure = await Assert.CatchAsync(() => TestServer.StartAsync(options, folder: folder));
        string line = StartFailure.Describe(failure!);
        Assert.That(line, Does.Contain(owner.Url).And.Contains("already in use").And.Contains("--listen").And.Not.Contains("\n"));
        await using (await TestServer.StartAsync(folder: folder)) { }
    }

    [Test]
    public void Build_WrongOptions_ThrowsWithAllProblems() =>
        Assert.That(() => ServerHost.Build(new ServerOptions { MaxBatch = 0, MaxStreams = 0 }), Throws.ArgumentException.With.Message.Contains("MaxBatch").And.Message.Contains("MaxStreams"));

    [Test]
    public async Task Start_UnixSocket_ServesCalls()
    {
        using TempFolder folder = new();
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Listen = [$"unix:{folder.Path}/s"] });
        Assert.That((await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon()).State, Is.EqualTo("ready"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void RemoveStale_FileThatNobodyAnswersOn_IsRemovedButALiveOneIsNot(bool metrics)
    {
        using TempFolder folder = new();
        string path = $"{folder.Path}/s";
        ServerOptions options = metrics ? new() { MetricsListen = $"unix:{path}" } : new() { Listen = [$"unix:{path}"] };
        using (Socket dead = Bind(path)) { }
        if (!File.Exists(path)) File.WriteAllText(path, "");
        UnixSocketFiles.RemoveStale(options);
        Assert.That(File.Exists(path), Is.False);
        using Socket live = Bind(path);
        UnixSocketFiles.RemoveStale(options);
        Assert.That(File.Exists(path), Is.True);

        static Socket Bind(string path)
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            socket.Listen(1);
            return socket;
        }
    }

    [Test]
    public async Task Search_BeforeTheEncoderIsWarm_AnswersByCode()
    {
        using ManualResetEventSlim gate = new();
        await using TestServer server = await TestServer.StartAsync(encoder: new TinyEncoder { BeforeBatch = _ => gate.Wait(Within.Limit) }, waitReady: false);
        await server.Runtime.Index.WaitReadyAsync(CancellationToken.None).Soon();
        SearchReply reply = await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(1) }, K = 1 }).ResponseAsync.Soon();
        Assert.That(reply.Neighbors, Is.Empty);
        gate.Set();
    }
}
