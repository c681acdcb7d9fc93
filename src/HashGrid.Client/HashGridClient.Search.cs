using System.Runtime.CompilerServices;
using HashGrid.Client.Streams;
using HashGrid.Client.Transport;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client;

public sealed partial class HashGridClient
{
    /// <summary>The k nearest codes, ascending by (distance, id); fewer when the store, or the filter, holds fewer.</summary>
    /// <param name="query">A code, a stored id, or an image.</param>
    /// <param name="k">1 to 10,000.</param>
    /// <param name="options">Filter, freshness, deadline.</param>
    /// <param name="cancellationToken">Ends the call; the server drops the work.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is outside its range.</exception>
    /// <exception cref="HashGridException">NOT_FOUND for an unknown id, INVALID_ARGUMENT for a code of another width or a bad image, and the usual ones.</exception>
    public async Task<SearchAnswer> NearestAsync(SearchQuery query, int k, QueryOptions? options = null, CancellationToken cancellationToken = default)
    {
        Proto.NearestRequest request = Messages.Nearest(query, k, options);
        return Messages.Answer(await CallAsync(
            call => _search.NearestAsync(request, call), options?.Timeout ?? _options.CallTimeout, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>All codes within a radius, ascending by (distance, id).</summary>
    /// <param name="query">A code, a stored id, or an image.</param>
    /// <param name="radius">Inclusive, in bits, 0 to the width of the codes.</param>
    /// <param name="limit">1 to 10,000; the nearest are kept when more match, and <see cref="SearchAnswer.More"/> is set.</param>
    /// <param name="options">Filter, freshness, deadline.</param>
    /// <param name="cancellationToken">Ends the call; the server drops the work.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    /// <exception cref="HashGridException">NOT_FOUND for an unknown id, INVALID_ARGUMENT for a code of another width or a bad image, and the usual ones.</exception>
    public async Task<SearchAnswer> WithinAsync(
        SearchQuery query, int radius, int limit = Messages.MaxMatches, QueryOptions? options = null, CancellationToken cancellationToken = default)
    {
        Proto.WithinRequest request = Messages.Within(query, radius, limit, options);
        return Messages.Answer(await CallAsync(
            call => _search.WithinAsync(request, call), options?.Timeout ?? _options.CallTimeout, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Many searches over one call; results in the order of the requests, each with its own outcome.</summary>
    /// <param name="requests">Read while there is room: at most <see cref="HashGridClientOptions.StreamWindow"/> are sent and not taken.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <exception cref="HashGridException">The server refused the stream, or was away for too long. After a lost connection unanswered searches are sent again, with those that the server put off since it stops or has just started.</exception>
    public async IAsyncEnumerable<SearchStreamResult> SearchStreamAsync(
        IAsyncEnumerable<SearchRequest> requests, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var exchange = new OrderedExchange<SearchRequest, Proto.SearchRequest, Proto.SearchReply>(
            ct => _search.SearchStream(cancellationToken: ct),
            (tag, request) => [WithTag(request.Message, tag)],
            reply => reply.Tag,
            reply => reply.Error,
            NewReconnector(),
            _options.StreamWindow);
        await foreach ((SearchRequest request, Proto.SearchReply reply) in exchange.RunAsync(requests, cancellationToken).ConfigureAwait(false))
        {
            yield return reply.Error is { } error
                ? new SearchStreamResult(request.Tag, null, Messages.Failure(error))
                : new SearchStreamResult(request.Tag, Messages.Answer(reply), null);
        }
    }

    // A copy: the caller may put one request into two streams.
    private static Proto.SearchRequest WithTag(Proto.SearchRequest message, ulong tag) => new(message) { Tag = tag };
}
