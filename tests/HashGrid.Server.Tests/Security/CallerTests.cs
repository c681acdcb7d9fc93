using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Security;

[Category("EndToEnd")]
public sealed class CallerTests
{
    [Test]
    public async Task Call_WithKeysAsked_NeedsAKnownOneButHealthDoesNot()
    {
        using TempFolder folder = new();
        string keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "ward:0123456789abcdef\n");
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeysPath = keys, ApiKeysForLocal = true });
        await Rpc.FailsAsync(StatusCode.Unauthenticated, "CALLER_UNKNOWN", StatsAsync(server, null));
        await Rpc.FailsAsync(StatusCode.Unauthenticated, "CALLER_UNKNOWN", StatsAsync(server, "Bearer 0000000000000000"));
        Assert.That((await StatsAsync(server, "Bearer 0123456789abcdef").Soon()).State, Is.EqualTo("ready"));
        HealthCheckResponse health = await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest()).ResponseAsync.Soon();
        Assert.That(health.Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
    }

    [Test]
    public async Task Call_WithKeysForOthers_NeedsNoneOnThisMachine()
    {
        using TempFolder folder = new();
        string keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllTextAsync(keys, "ward:0123456789abcdef\n");
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeysPath = keys });
        Assert.That((await StatsAsync(server, null).Soon()).State, Is.EqualTo("ready"));
    }

    [Test]
    public async Task Call_MoreThanOneCallerMayOpen_IsRefusedUntilOneEnds()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxCallsPerCaller = 2 });
        IngestCall first = new(server.Channel), second = new(server.Channel);
        await first.OpenAsync("a");
        await second.OpenAsync("b");
        await Rpc.FailsAsync(StatusCode.ResourceExhausted, "CALLER_BUSY", StatsAsync(server, null));
        await second.CompleteAsync();
        await second.EndAsync();
        await Within.Until(() => server.Runtime.Streams.Count == 1, "the stream to end");
        Assert.That((await StatsAsync(server, null).Soon()).State, Is.EqualTo("ready"));
        first.Dispose();
        second.Dispose();
    }

    [Test]
    public async Task Call_MutualTls_TakesOnlyCertificatesOfTheAuthority()
    {
        using TempFolder folder = new();
        using X509Certificate2 authority = Authority("authority"), stranger = Authority("stranger");
        using X509Certificate2 server = Issue(authority, "localhost"), known = Issue(authority, "client"), unknown = Issue(stranger, "client");
        string certificate = Write("server.pem", server.ExportCertificatePem()), key = Write("server.key", server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()), ca = Write("ca.pem", authority.ExportCertificatePem());
        await using TestServer host = await TestServer.StartAsync(new ServerOptions { CertificatePath = certificate, CertificateKeyPath = key, ClientCaPath = ca });
        Assert.That(host.Url, Does.StartWith("https://"));
        Assert.That((await AskAsync(known).Soon()).State, Is.EqualTo("ready"));
        Assert.That(() => AskAsync(unknown).Soon(), Throws.InstanceOf<RpcException>());
        Assert.That(() => AskAsync(null).Soon(), Throws.InstanceOf<RpcException>());

        async Task<StatsReply> AskAsync(X509Certificate2? client)
        {
            using SocketsHttpHandler handler = new()
            {
                SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Issuer == authority.Subject },
            };
            if (client is not null) handler.SslOptions.ClientCertificates = [client];
            using GrpcChannel channel = GrpcChannel.ForAddress(host.Url, new GrpcChannelOptions { HttpHandler = handler });
            return await new Store.StoreClient(channel).StatsAsync(new StatsRequest());
        }

        string Write(string name, string content)
        {
            string path = Path.Combine(folder.Path, name);
            File.WriteAllText(path, content);
            return path;
        }
    }

    private static async Task<StatsReply> StatsAsync(TestServer server, string? authorization)
    {
        Metadata headers = [];
        if (authorization is not null) headers.Add("authorization", authorization);
        return await server.StoreClient.StatsAsync(new StatsRequest(), headers);
    }

    private static X509Certificate2 Authority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 signed = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        using X509Certificate2 withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null, X509KeyStorageFlags.Exportable);
    }
}
