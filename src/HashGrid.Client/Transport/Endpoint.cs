using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;

namespace HashGrid.Client.Transport;

/// <summary>Where the server is: <c>http://host:port</c>, <c>https://host:port</c> or <c>unix:/path/of/socket</c>.</summary>
internal sealed record Endpoint(string Text, Uri Uri, string? SocketPath)
{
    public static Endpoint Parse(string address)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(address);
        if (address.StartsWith("unix:", StringComparison.Ordinal))
        {
            string path = address["unix:".Length..];
            if (path.StartsWith("//", StringComparison.Ordinal))
                path = path[2..];
            if (!path.StartsWith('/'))
                throw new ArgumentException($"the address \"{address}\" has no absolute path; write unix:/path/of/socket", nameof(address));
            return new Endpoint(address, new Uri("http://localhost"), path);
        }
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
            throw new ArgumentException($"the address \"{address}\" cannot be used; write http://127.0.0.1:5080, https://host:port or unix:/path/of/socket", nameof(address));
        return new Endpoint(address, uri, null);
    }

    public GrpcChannel Connect(HashGridClientOptions options) => GrpcChannel.ForAddress(Uri, new GrpcChannelOptions
    {
        HttpHandler = Handler(options),
        DisposeHttpClient = true,
        MaxReceiveMessageSize = options.MaxReplyBytes,
        // Requests are bounded by the server, whose error names the limit.
        MaxSendMessageSize = null,
        LoggerFactory = options.LoggerFactory,
        ServiceConfig = RetryReads(),
    });

    /// <summary>Nobody else can read what is sent: TLS, or it does not leave this machine.</summary>
    public bool IsPrivate => SocketPath is not null || Uri.Scheme == Uri.UriSchemeHttps || Uri.IsLoopback;

    private HttpMessageHandler Handler(HashGridClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            // On in a handler that GrpcChannel makes itself, off in a new one: without it the 101st stream waits for the first.
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.ConnectTimeout,
            // Finds a peer that vanished without closing its socket; only while calls are open.
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
            UseProxy = false,
        };
        if (SocketPath is { } path)
        {
            handler.ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }
        options.ConfigureHandler?.Invoke(handler);
        return options.ApiKey is { } key ? new ApiKeyHandler(key, handler) : handler;
    }

    // Reads may be repeated freely. Streams resume by themselves, and a removal is not repeated behind the caller's back.
    private static ServiceConfig RetryReads()
    {
        var method = new MethodConfig
        {
            RetryPolicy = new RetryPolicy
            {
                MaxAttempts = 4,
                InitialBackoff = TimeSpan.FromMilliseconds(50),
                MaxBackoff = TimeSpan.FromMilliseconds(500),
                BackoffMultiplier = 3,
                RetryableStatusCodes = { StatusCode.Unavailable },
            },
        };
        foreach ((string service, string name) in ((string, string)[])[
            ("Search", "Nearest"), ("Search", "Within"), ("Store", "Get"), ("Store", "Stats"), ("Encoder", "Describe")])
            method.Names.Add(new MethodName { Service = $"hashgrid.v1.{service}", Method = name });
        return new ServiceConfig { MethodConfigs = { method } };
    }
}
