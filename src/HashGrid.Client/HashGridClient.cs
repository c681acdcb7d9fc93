using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Client.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client;

/// <summary>
/// A HashGrid server: images in, binary codes out, near codes back. Make one and keep it: it holds the connections, and is safe for any number of threads.
/// </summary>
/// <remarks>
/// Every method throws <see cref="HashGridException"/> when the server refuses or cannot be reached, and <see cref="OperationCanceledException"/>
/// when the caller's token is cancelled. Reads are repeated up to three times within their deadline when the server is unavailable.
/// </remarks>
public sealed partial class HashGridClient : IAsyncDisposable
{
    private readonly HashGridClientOptions _options;
    private readonly GrpcChannel _channel;
    private readonly ILogger _log;
    private readonly Proto.Encoder.EncoderClient _encoder;
    private readonly Proto.Ingest.IngestClient _ingest;
    private readonly Proto.Search.SearchClient _search;
    private readonly Proto.Store.StoreClient _store;

    /// <summary>Prepares a client; the first call connects.</summary>
    /// <param name="address"><c>http://127.0.0.1:5080</c>, <c>https://host:port</c> or <c>unix:/path/of/socket</c>.</param>
    /// <param name="options">Time-outs and limits; null for the defaults.</param>
    /// <exception cref="ArgumentException">The address cannot be used, or the options have a problem; the message tells all of them. Also an API key over http to another machine.</exception>
    public HashGridClient(string address, HashGridClientOptions? options = null)
    {
        var endpoint = Endpoint.Parse(address);
        _options = options ?? new HashGridClientOptions();
        ThrowIfAny(_options.Validate(), nameof(options));
        if (_options.ApiKey is not null && !endpoint.IsPrivate)
            throw new ArgumentException($"the address {address} would carry the API key in clear text to another machine; use https", nameof(address));
        Address = endpoint.Text;
        _log = _options.LoggerFactory?.CreateLogger<HashGridClient>() ?? NullLogger<HashGridClient>.Instance;
        _channel = endpoint.Connect(_options);
        _encoder = new(_channel);
        _ingest = new(_channel);
        _search = new(_channel);
        _store = new(_channel);
    }

    /// <summary>The address as it was given.</summary>
    public string Address { get; }

    internal GrpcChannel Channel => _channel;

    /// <summary>Closes the connections. Streams that are still open end with an error.</summary>
    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void ThrowIfAny(IReadOnlyList<string> problems, string parameter)
    {
        if (problems.Count > 0)
            throw new ArgumentException(string.Join("; ", problems), parameter);
    }

    private Reconnector NewReconnector() => new(_options, Address, _log);

    private async Task<TReply> CallAsync<TReply>(
        Func<CallOptions, AsyncUnaryCall<TReply>> start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            DateTime deadline = _options.TimeProvider.GetUtcNow().UtcDateTime + timeout;
            using AsyncUnaryCall<TReply> call = start(new CallOptions(deadline: deadline, cancellationToken: cancellationToken));
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw HashGridException.From(exception, Address);
        }
    }
}
