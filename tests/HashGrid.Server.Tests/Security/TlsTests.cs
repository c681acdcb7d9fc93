using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Security;

/// <summary>Clients that know a root alone, and a server that knows the same; what stands between is shown by whoever has it.</summary>
[Category("EndToEnd")]
public sealed class TlsTests
{
    private readonly X509Certificate2 _root = Certificates.Root("root"), _stranger = Certificates.Root("stranger");
    private X509Certificate2 _intermediate = null!;
    private TempFolder _folder = null!;

    [OneTimeSetUp]
    public void Issue() => _intermediate = Certificates.Intermediate(_root, "intermediate");

    [OneTimeTearDown]
    public void Forget()
    {
        _intermediate.Dispose();
        _root.Dispose();
        _stranger.Dispose();
    }

    [SetUp]
    public void CreateFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Server_CertificateOfAnIntermediate_IsBelievedByClientsThatKnowTheRoot()
    {
        using X509Certificate2 leaf = Certificates.Leaf(_intermediate, Certificates.ServerUse);
        await using TestServer server = await StartAsync(leaf, [_intermediate]);
        Assert.That(server.Url, Does.StartWith("https://"));
        Assert.That((await AskAsync(server, null).Soon()).State, Is.EqualTo("ready"));
    }

    [Test]
    public async Task Client_OfTheAuthority_IsTakenAndNobodyElse()
    {
        using X509Certificate2 known = Certificates.Leaf(_root, Certificates.ClientUse), forAnything = Certificates.Leaf(_root, use: null), unknown = Certificates.Leaf(_stranger, Certificates.ClientUse);
        await using TestServer server = await StartWithClientsAsync();
        Assert.That((await AskAsync(server, known).Soon()).State, Is.EqualTo("ready"));
        Assert.That((await AskAsync(server, forAnything).Soon()).State, Is.EqualTo("ready"));
        Assert.That(() => AskAsync(server, unknown).Soon(), Throws.InstanceOf<RpcException>());
        Assert.That(() => AskAsync(server, null).Soon(), Throws.InstanceOf<RpcException>());
    }

    [Test]
    public async Task Client_CertificateForServersOnly_IsRefused()
    {
        using X509Certificate2 serverOnly = Certificates.Leaf(_root, Certificates.ServerUse);
        await using TestServer server = await StartWithClientsAsync();
        Assert.That(() => AskAsync(server, serverOnly).Soon(), Throws.InstanceOf<RpcException>(), "whoever steals a server's key must not become a client");
    }

    [Test]
    public async Task Client_CertificateOfAnIntermediate_IsTakenWhenItShowsTheIntermediate()
    {
        using X509Certificate2 leaf = Certificates.Leaf(_intermediate, Certificates.ClientUse);
        await using TestServer server = await StartWithClientsAsync();
        Assert.That((await AskAsync(server, leaf, _intermediate).Soon()).State, Is.EqualTo("ready"));
        Assert.That(() => AskAsync(server, leaf).Soon(), Throws.InstanceOf<RpcException>());
    }

    [Test]
    public async Task Client_CertificateThatNamesAnAddress_MakesTheServerFetchNothing()
    {
        using TcpListener web = new(IPAddress.Loopback, 0);
        web.Start();
        Uri address = new($"http://127.0.0.1:{((IPEndPoint)web.LocalEndpoint).Port}/issuer");
        using X509Certificate2 leaf = Certificates.Leaf(_intermediate, Certificates.ClientUse, address);
        await using TestServer server = await StartWithClientsAsync();
        Assert.That(() => AskAsync(server, leaf).Soon(), Throws.InstanceOf<RpcException>());
        Assert.That(web.Pending(), Is.False, "anybody could send the server to any address");
    }

    [Test]
    public void Start_ClientAuthoritiesWithoutARoot_IsRefusedInOneLine()
    {
        using X509Certificate2 leaf = Certificates.Leaf(_root, Certificates.ServerUse);
        Assert.That(() => StartAsync(leaf, [], Write("ca.pem", _intermediate.ExportCertificatePem())),
            Throws.InstanceOf<InvalidDataException>().With.Message.Contains("ca.pem").And.Message.Contains("1 certificate").And.Message.Contains("signs itself").And.Message.Not.Contains("\n"));
    }

    private Task<TestServer> StartWithClientsAsync()
    {
        using X509Certificate2 leaf = Certificates.Leaf(_root, Certificates.ServerUse);
        return StartAsync(leaf, [], Write("ca.pem", _root.ExportCertificatePem()));
    }

    private Task<TestServer> StartAsync(X509Certificate2 leaf, X509Certificate2[] chain, string? clientCa = null) => TestServer.StartAsync(new ServerOptions
    {
        CertificatePath = Write("server.pem", string.Join('\n', [leaf.ExportCertificatePem(), .. chain.Select(above => above.ExportCertificatePem())])),
        CertificateKeyPath = Write("server.key", leaf.KeyPem()),
        ClientCaPath = clientCa,
    });

    /// <summary>Calls once, as a client that believes the root and downloads nothing.</summary>
    private async Task<StatsReply> AskAsync(TestServer server, X509Certificate2? client, params X509Certificate2[] above)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(_root);
        using SocketsHttpHandler handler = new() { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } };
        if (client is not null) handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(client, [.. above], offline: true);
        using GrpcChannel channel = GrpcChannel.ForAddress(server.Url, new GrpcChannelOptions { HttpHandler = handler });
        return await new Store.StoreClient(channel).StatsAsync(new StatsRequest());
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, content);
        return path;
    }
}
