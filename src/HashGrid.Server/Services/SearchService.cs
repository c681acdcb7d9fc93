using System.Diagnostics;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Searching;
using HashGrid.Server.Security;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Services;

/// <summary>hashgrid.v1.Search: one query a call, or many on a stream.</summary>
internal sealed class SearchService(Searcher searcher, SearchGate gate, ServerRuntime runtime, ServerOptions options, ServerMetrics metrics, StreamSampler sampler, ILogger<SearchService> logger) : Search.SearchBase
{
    private const uint NeighboursAPlace = 256;

    public override Task<SearchReply> Nearest(NearestRequest request, ServerCallContext context) =>
        SingleAsync(origin => searcher.NearestAsync(request, origin, context.CancellationToken), context);

    public override Task<SearchReply> Within(WithinRequest request, ServerCallContext context) =>
        SingleAsync(origin => searcher.WithinAsync(request, origin, context.CancellationToken), context);

    public override async Task SearchStream(IAsyncStreamReader<SearchRequest> requestStream, IServerStreamWriter<SearchReply> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        using var input = new StreamInput<SearchRequest>(requestStream, options.IdleTimeout, runtime.Draining, end.Token);
        using var window = new ReplyWindow<SearchReply>(responseStream, options.ReplyWindow, metrics, context.Method);
        await StreamLoops.RunAsync(() => ReadAsync(input, window, OriginOf(context, gate.OpenStream(Callers.Of(context).Searches)), end.Token), window, end);
        if (input.Drained) throw new ServiceException(ErrorReason.ServerDraining, "the server is stopping; every query that was read has been answered");
    }

    private async Task ReadAsync(StreamInput<SearchRequest> input, ReplyWindow<SearchReply> window, QueryOrigin origin, CancellationToken ct)
    {
        bool first = true;
        while (await input.NextAsync() is { } request)
        {
            int room = RoomOf(request);
            await window.EnterAsync(ct, room);
            await gate.TakePlaceAsync(origin.Lane, ct);
            // On the pool, so that a long search does not hold up the next request of the stream.
            bool traced = first;
            _ = Task.Run(() => AnswerAsync(request, traced, room, origin, window, ct), CancellationToken.None);
            first = false;
        }
    }

    private async Task<SearchReply> SingleAsync(Func<QueryOrigin, Task<SearchReply>> search, ServerCallContext context)
    {
        SearchLane lane = Callers.Of(context).Searches.Single;
        gate.TakePlace(lane);
        try
        {
            return await search(OriginOf(context, lane));
        }
        finally
        {
            gate.ReturnPlace(lane);
        }
    }

    private async Task AnswerAsync(
        SearchRequest request, bool first, int room, QueryOrigin origin, ReplyWindow<SearchReply> window, CancellationToken ct)
    {
        using Activity? span = sampler.Start("search.query", first);
        SearchReply reply;
        try
        {
            reply = request.RequestCase switch
            {
                SearchRequest.RequestOneofCase.Nearest => await searcher.NearestAsync(request.Nearest, origin, ct),
                SearchRequest.RequestOneofCase.Within => await searcher.WithinAsync(request.Within, origin, ct),
                _ => throw new ServiceException(ErrorReason.RequestIncomplete, "the request holds neither a nearest nor a within search"),
            };
        }
        catch (Exception caught)
        {
            Failure failure = ErrorTranslator.Translate(caught);
            if (failure.Entry.Reason == ErrorReason.Internal) logger.Bug("SearchStream", caught);
            span?.SetTag("error.type", failure.Entry.Name);
            reply = new SearchReply { Error = Wire.ToItemError(failure) };
        }
        gate.ReturnPlace(origin.Lane);
        reply.Tag = request.Tag;
        window.Post(reply, room);
    }

    private QueryOrigin OriginOf(ServerCallContext context, SearchLane lane) => new(lane, Callers.Of(context).Images, runtime.DeadlineOf(context));

    /// <summary>An answer of thousands takes the room of several: an unread stream holds a bounded number of neighbours, not of answers.</summary>
    private int RoomOf(SearchRequest request)
    {
        uint most = request.RequestCase switch
        {
            SearchRequest.RequestOneofCase.Nearest => request.Nearest.K,
            SearchRequest.RequestOneofCase.Within => request.Within.Limit == 0 ? (uint)options.MaxResults : request.Within.Limit,
            _ => 0,
        };
        return 1 + (int)Math.Min(most / NeighboursAPlace, (uint)options.MaxResults);
    }
}
