using HashGrid.Client.Transport;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client;

/// <summary>One search of a stream of searches.</summary>
public sealed class SearchRequest
{
    private SearchRequest(ulong tag, Proto.SearchRequest message)
    {
        Tag = tag;
        Message = message;
    }

    /// <summary>Chosen by the caller and returned with the answer; need not be unique.</summary>
    public ulong Tag { get; }

    internal Proto.SearchRequest Message { get; }

    /// <summary>The k nearest codes.</summary>
    /// <param name="tag">Returned with the answer.</param>
    /// <param name="query">What to search near.</param>
    /// <param name="k">1 to 10,000.</param>
    /// <param name="options">Filter and more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is outside its range.</exception>
    public static SearchRequest Nearest(ulong tag, SearchQuery query, int k, QueryOptions? options = null) =>
        new(tag, new Proto.SearchRequest { Nearest = Messages.Nearest(query, k, options) });

    /// <summary>All codes within a radius.</summary>
    /// <param name="tag">Returned with the answer.</param>
    /// <param name="query">What to search near.</param>
    /// <param name="radius">Inclusive, in bits.</param>
    /// <param name="limit">The nearest ones are kept when more match; 1 to 10,000.</param>
    /// <param name="options">Filter and more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static SearchRequest Within(ulong tag, SearchQuery query, int radius, int limit = 10_000, QueryOptions? options = null) =>
        new(tag, new Proto.SearchRequest { Within = Messages.Within(query, radius, limit, options) });
}
