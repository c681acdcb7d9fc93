using System.Net.Sockets;
using Grpc.Net.Client;
using HashGrid.Server.Hosting;
using HashGrid.Server.Storage.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Wire = HashGrid.Protos.V1;

namespace HashGrid.Server.Tests.Support;

/// <summary>A whole server inside the test: real HTTP/2 on a free port, real store in a folder of its own, a tiny network.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TempFolder? _ownFolder;
    private readonly List<GrpcChannel> _channels = [];

    private TestServer(WebApplication app, TinyEncoder encoder, TempFolder? ownFolder)
    {
        (_app, Encoder, _ownFolder) = (app, encoder, ownFolder);
        Url = app.Urls.First();
        Channel = Connect();
    }

    public TinyEncoder Encoder { get; }

    public string Url { get; }

    /// <summary>The address of /metrics, when the options asked for one.</summary>
    public string MetricsUrl => _app.Urls.Last();

    public GrpcChannel Channel { get; }

    public IServiceProvider Services => _app.Services;

    public ServerRuntime Runtime => _app.Services.GetRequiredService<ServerRuntime>();

    public Wire.Encoder.EncoderClient EncoderClient => new(Channel);

    public Wire.Ingest.IngestClient IngestClient => new(Channel);

    public Wire.Search.SearchClient SearchClient => new(Channel);

    public Wire.Store.StoreClient StoreClient => new(Channel);

    /// <param name="options">DataDirectory and Listen are set here, unless <paramref name="folder"/> is given.</param>
    /// <param name="encoder">Default: 64 bits.</param>
    /// <param name="folder">Kept when the server is disposed; default: a folder of its own.</param>
    /// <param name="waitReady">False: return while the encoder is still warming up.</param>
    /// <param name="files">Another disk under the store, such as one that fails; default: the real one.</param>
    /// <param name="log">Hears everything that is logged, down to the finest level; null: only errors are.</param>
    /// <param name="configure">Last word on the application before it starts.</param>
    public static async Task<TestServer> StartAsync(ServerOptions? options = null, TinyEncoder? encoder = null, TempFolder? folder = null, bool waitReady = true, IStorageFiles? files = null,
        LogRecorder? log = null, Action<WebApplication>? configure = null)
    {
        TempFolder? own = folder is null ? new TempFolder() : null;
        encoder ??= new TinyEncoder();
        options = (options ?? new ServerOptions()) with { DataDirectory = (folder ?? own)!.Path, LogLevel = log is null ? LogLevel.Error : LogLevel.Trace };
        if (options.Listen is ["127.0.0.1:5080"]) options = options with { Listen = ["127.0.0.1:0"] };
        WebApplication app = ServerHost.Build(options, _ => encoder, files);
        if (log is not null) app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        configure?.Invoke(app);
        try
        {
            await app.StartAsync().Soon();
            if (waitReady) await app.Services.GetRequiredService<ServerLifetime>().Ready.Soon();
            return new TestServer(app, encoder, own);
        }
        catch
        {
            await app.DisposeAsync();
            own?.Dispose();
            throw;
        }
    }

    /// <summary>A further connection.</summary>
    public GrpcChannel Connect()
    {
        string shown = ServerHost.Shown(Url);
        GrpcChannel channel = shown.StartsWith("unix:", StringComparison.Ordinal)
            ? GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = UnixHandler(shown["unix:".Length..]) })
            : GrpcChannel.ForAddress(Url, new GrpcChannelOptions { MaxSendMessageSize = null });
        _channels.Add(channel);
        return channel;
    }

    /// <summary>Stops as SIGTERM does: drains and closes the store.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (GrpcChannel channel in _channels) channel.Dispose();
        try
        {
            await _app.StopAsync().Soon();
        }
        catch (OperationCanceledException)
        {
            // A test may leave calls behind that outlive the drain.
        }
        await _app.DisposeAsync();
        _ownFolder?.Dispose();
    }

    private static SocketsHttpHandler UnixHandler(string path) => new()
    {
        ConnectCallback = async (_, ct) =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };
}
