using System.Buffers;
using System.Diagnostics;
using Google.Protobuf.Collections;
using HashGrid.Index;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Indexing;
using HashGrid.Server.Services;
using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;
using Neighbor = HashGrid.Index.Neighbor;

namespace HashGrid.Server.Searching;

/// <summary>Answers queries: finds the code to search for, waits for what the caller must see, searches, and looks up labels and names.</summary>
internal sealed class Searcher
{
    private readonly ServerRuntime _runtime;
    private readonly ServerOptions _options;
    private readonly ServerMetrics _metrics;
    private readonly SearchGate _gate;
    private readonly AttentionMaps _attention;
    private EncodeFlow? _flow;

    public Searcher(ServerRuntime runtime, ServerOptions options, ServerMetrics metrics, SearchGate gate, AttentionMaps attention)
    {
        (_runtime, _options, _metrics, _gate, _attention) = (runtime, options, metrics, gate, attention);
        metrics.ObserveSearches(() => _gate.Waiting);
    }

    public async Task<SearchReply> NearestAsync(NearestRequest request, QueryOrigin origin, CancellationToken ct)
    {
        if (request.K == 0 || request.K > _options.MaxResults)
            throw new ServiceException(ErrorReason.KOutOfRange, $"k is {request.K}, but 1 to {_options.MaxResults} is allowed");
        return await AttendAsync(request.IncludeAttention, request.Query, origin,
            keep => SearchAsync(request.Query, (int)request.K, radius: null, request.Filter, request.AtLeastSequence, request.IncludeCodes, keep, origin, ct), ct);
    }

    public async Task<SearchReply> WithinAsync(WithinRequest request, QueryOrigin origin, CancellationToken ct)
    {
        int bits = _runtime.Encoding.Model.Bits;
        if (request.Radius > bits) throw new ServiceException(ErrorReason.RadiusOutOfRange, $"the radius is {request.Radius}, but codes have {bits} bits; ask for 0 to {bits}");
        if (request.Limit > _options.MaxResults)
            throw new ServiceException(ErrorReason.LimitOutOfRange, $"the limit is {request.Limit}, but at most {_options.MaxResults} are returned");
        int limit = request.Limit == 0 ? _options.MaxResults : (int)request.Limit;
        return await AttendAsync(request.IncludeAttention, request.Query, origin,
            keep => SearchAsync(request.Query, limit, (int)request.Radius, request.Filter, request.AtLeastSequence, request.IncludeCodes, keep, origin, ct), ct);
    }

    /// <summary>Searches, and adds the attention map of the query if it is asked for.</summary>
    /// <param name="attend">Whether it is.</param>
    /// <param name="query">By which is searched.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="search">Searches; told whether to keep the picture.</param>
    /// <param name="ct">Gives up waiting.</param>
    private async Task<SearchReply> AttendAsync(bool attend, Query? query, QueryOrigin origin, Func<bool, Task<(SearchReply Reply, float[]? Picture)>> search, CancellationToken ct)
    {
        if (!attend) return (await search(false)).Reply;
        if (query?.ByCase != Query.ByOneofCase.Image)
            throw new ServiceException(ErrorReason.RequestIncomplete, "include_attention is set, but the query is no image; only images have an attention map");
        SearchCaller caller = origin.Lane.Caller;
        _attention.TakePlace(caller);
        try
        {
            (SearchReply reply, float[]? picture) = await search(true);
            Model.Attention.AttentionMap map = await _attention.ReadAsync(caller, picture!, ct);
            reply.QueryAttention = new AttentionMap { Side = (uint)map.Side, Values = { map.Values } };
            return reply;
        }
        finally
        {
            _attention.ReturnPlace(caller);
        }
    }

    private async Task<(SearchReply Reply, float[]? Picture)> SearchAsync(Query? query, int limit, int? radius, SearchFilter? filter, ulong atLeast, bool withCodes,
        bool keepPicture, QueryOrigin origin, CancellationToken ct)
    {
        IndexHost index = _runtime.Index;
        if (index.State != IndexState.Ready) throw NotReady(index.State);
        CodeStore store = _runtime.Store;
        if (atLeast > (ulong)store.LastSequence)
            throw new ServiceException(ErrorReason.SequenceAhead, $"the search waits for store sequence {atLeast}, but this store has given out {store.LastSequence}");
        (ulong[] code, float[]? picture) = await ResolveAsync(query, keepPicture, origin, ct);
        if (atLeast > 0)
        {
            using (Tracing.StartPart("index.apply")) await index.WaitAppliedAsync((long)atLeast, ct);
        }
        long came = Stopwatch.GetTimestamp();
        using (Tracing.StartPart("search.gate")) await _gate.EnterAsync(origin.Lane, ct);
        try
        {
            _metrics.SearchWaited(Stopwatch.GetElapsedTime(came));
            ct.ThrowIfCancellationRequested();
            return (Search(code, query!.ByCase == Query.ByOneofCase.Image, limit, radius, filter?.AnyLabel, withCodes), picture);
        }
        finally
        {
            _gate.Leave();
        }
    }

    private SearchReply Search(ulong[] code, bool fromImage, int limit, int? radius, RepeatedField<string>? labels, bool withCodes)
    {
        HammingIndex index = _runtime.Index.Index;
        int bits = _runtime.Encoding.Model.Bits;
        // The index leaves out what cannot carry a label; the record decides, since two labels can share a bit.
        SearchOptions options = labels is { Count: > 0 } ? new() { AnyLabel = LabelBits.Of(labels), Filter = id => Carries(id, labels) } : SearchOptions.Default;
        // k may be thousands where the store holds a few.
        int room = (int)Math.Clamp(index.Count, 1, limit);
        Neighbor[] found = ArrayPool<Neighbor>.Shared.Rent(room);
        try
        {
            // Read before the search: what the index applies meanwhile may or may not be seen, but this much is.
            long seen = _runtime.Index.AppliedSequence;
            Activity? span = Tracing.StartPart("search.index");
            long start = Stopwatch.GetTimestamp();
            SearchResult result = radius is { } r
                ? index.RangeSearch(code, r, found.AsSpan(0, room), options)
                : index.NearestSearch(code, found.AsSpan(0, room), options);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            string engine = EngineName(result.Stats.Engine);
            if (span is not null) Describe(span, engine, result);
            using Activity? fetch = Tracing.StartPart("search.fetch");
            _metrics.SearchAnswered(engine, elapsed);
            var reply = new SearchReply
            {
                Exact = result.Exact,
                More = radius is not null && result.More,
                SeenSequence = (ulong)seen,
                Cost = new SearchCost
                {
                    Engine = engine,
                    Probes = (ulong)result.Stats.Probes,
                    Candidates = (ulong)result.Stats.Candidates,
                    Microseconds = (ulong)elapsed.TotalMicroseconds,
                },
            };
            if (fromImage) reply.QueryCode = Wire.ToCode(code, bits);
            foreach (Neighbor neighbor in found.AsSpan(0, result.Count)) reply.Neighbors.Add(ToNeighbor(neighbor, withCodes, bits));
            _metrics.SearchFetched(Stopwatch.GetElapsedTime(start) - elapsed);
            return reply;
        }
        finally
        {
            ArrayPool<Neighbor>.Shared.Return(found);
        }
    }

    // What the planner chose and what it cost: numbers, never the query.
    private static void Describe(Activity span, string engine, SearchResult result)
    {
        span.SetTag("hashgrid.search.engine", engine);
        span.SetTag("hashgrid.search.exact", result.Exact);
        span.SetTag("hashgrid.search.probes", result.Stats.Probes);
        span.SetTag("hashgrid.search.candidates", result.Stats.Candidates);
        span.SetTag("hashgrid.search.neighbors", result.Count);
        span.Dispose();
    }

    private async ValueTask<(ulong[] Code, float[]? Picture)> ResolveAsync(Query? query, bool keepPicture, QueryOrigin origin, CancellationToken ct)
    {
        switch (query?.ByCase)
        {
            case Query.ByOneofCase.Code:
                return (Wire.ToWords(query.Code, new CodeWidth(_runtime.Encoding.Model.Bits)), null);
            case Query.ByOneofCase.Id:
                if (_runtime.Store.TryGet(query.Id, out CodeRecord? record)) return (record.Code, null);
                throw new ServiceException(ErrorReason.IdUnknown, "no code is stored under the id to search by; check it, it may have been removed");
            case Query.ByOneofCase.Image:
                _flow ??= _runtime.Encoding.OpenFlow(EncodeFlow.SearchWeight);
                EncodeItem item = _runtime.Encoding.TryEnqueue(_flow, query.Image.Memory, origin.Deadline, ct, ItemTrace.OfCall(), origin.Images, keepPicture)
                    ?? throw new ServiceException(ErrorReason.EncodeQueueFull,
                        $"{_runtime.Encoding.Budget.Items} images of {_runtime.Encoding.Budget.Bytes} bytes wait for the encoder; try again after the hint");
                return (await item.Code, item.Kept);
            default:
                throw new ServiceException(ErrorReason.RequestIncomplete, "the query holds neither a code, an id nor an image");
        }
    }

    private bool Carries(ulong id, RepeatedField<string> labels)
    {
        if (!_runtime.Store.TryGet(id, out CodeRecord? record)) return false;
        foreach (string label in labels)
        {
            if (record.Labels.AsSpan().Contains(label)) return true;
        }
        return false;
    }

    private Protos.V1.Neighbor ToNeighbor(Neighbor neighbor, bool withCodes, int bits)
    {
        var message = new Protos.V1.Neighbor { Id = neighbor.Id, Distance = (uint)neighbor.Distance };
        // Removed since the search: it was near when the index looked, and has no labels any more.
        if (!_runtime.Store.TryGet(neighbor.Id, out CodeRecord? record)) return message;
        message.Labels.AddRange(record.Labels);
        message.Name = record.Name;
        if (withCodes) message.Code = Wire.ToCode(record.Code, bits);
        return message;
    }

    private static string EngineName(SearchEngine engine) => engine switch
    {
        SearchEngine.MultiIndex => "multi-index",
        SearchEngine.Clusters => "clusters",
        _ => "scan",
    };

    private static ServiceException NotReady(IndexState state) => state == IndexState.Failed
        ? new ServiceException(ErrorReason.IndexFailed, "the index has stopped; read the server's log and restart it")
        : new ServiceException(ErrorReason.IndexCatchingUp, "the index is still reading the journal; wait until the health check says SERVING");
}
