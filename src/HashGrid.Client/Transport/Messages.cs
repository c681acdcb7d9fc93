using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client.Transport;

/// <summary>Between the caller's types and the wire's.</summary>
internal static class Messages
{
    public const int MaxMatches = 10_000;

    public static Proto.Code Code(BinaryCode code)
    {
        byte[] bytes = new byte[code.Words.Length * 8];
        for (int i = 0; i < code.Words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), code.Words.Span[i]);
        return new Proto.Code { Bits = (uint)code.Bits, Words = UnsafeByteOperations.UnsafeWrap(bytes) };
    }

    public static BinaryCode Code(Proto.Code? code) =>
        code is null ? default : new BinaryCode(BinaryCode.FromBytes(code.Words.Span), (int)code.Bits);

    public static Proto.Query Query(SearchQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.Id is { } id)
            return new Proto.Query { Id = id };
        return query.Code.Bits > 0
            ? new Proto.Query { Code = Code(query.Code) }
            : new Proto.Query { Image = ImageChunks.Wrap(query.Image) };
    }

    public static Proto.NearestRequest Nearest(SearchQuery query, int k, QueryOptions? options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, MaxMatches);
        return new Proto.NearestRequest
        {
            Query = Query(query),
            K = (uint)k,
            Filter = Filter(options),
            AtLeastSequence = options?.AtLeastSequence ?? 0,
            IncludeCodes = options?.IncludeCodes ?? false,
            IncludeAttention = options?.IncludeAttention ?? false,
        };
    }

    public static Proto.WithinRequest Within(SearchQuery query, int radius, int limit, QueryOptions? options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(radius);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxMatches);
        return new Proto.WithinRequest
        {
            Query = Query(query),
            Radius = (uint)radius,
            Limit = (uint)limit,
            Filter = Filter(options),
            AtLeastSequence = options?.AtLeastSequence ?? 0,
            IncludeCodes = options?.IncludeCodes ?? false,
            IncludeAttention = options?.IncludeAttention ?? false,
        };
    }

    public static SearchAnswer Answer(Proto.SearchReply reply)
    {
        var matches = new SearchMatch[reply.Neighbors.Count];
        for (int i = 0; i < matches.Length; i++)
        {
            Proto.Neighbor neighbor = reply.Neighbors[i];
            matches[i] = new SearchMatch(neighbor.Id, (int)neighbor.Distance, [.. neighbor.Labels], neighbor.Name, Code(neighbor.Code));
        }
        Proto.SearchCost cost = reply.Cost ?? new Proto.SearchCost();
        return new SearchAnswer(
            matches, reply.Exact, reply.More,
            new SearchCost(cost.Engine, (long)cost.Probes, (long)cost.Candidates, TimeSpan.FromMicroseconds(cost.Microseconds)),
            reply.SeenSequence, Code(reply.QueryCode))
        {
            QueryAttention = reply.QueryAttention is { } map ? new AttentionMap((int)map.Side, map.Values.ToArray()) : null,
        };
    }

    public static ItemFailure Failure(Proto.ItemError error) => new((StatusCode)error.Code, error.Reason, error.Message);

    public static ModelInfo Model(Proto.ModelIdentity? model) => model is null
        ? new ModelInfo("", "", 0, 0, "")
        : new ModelInfo(model.Name, model.Fingerprint, (int)model.Bits, (int)model.InputPixels, model.Device);

    private static Proto.SearchFilter? Filter(QueryOptions? options) =>
        options is { AnyLabel.Count: > 0 } ? new Proto.SearchFilter { AnyLabel = { options.AnyLabel } } : null;
}
