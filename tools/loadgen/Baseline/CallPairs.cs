using System.Diagnostics;
using Grpc.Core;
using HashGrid.Client;

namespace HashGrid.LoadGen.Baseline;

/// <summary>
/// One caller that makes an empty call (the standard health check) and a search, and so on, one at a time on one connection: both meet the same
/// machine in the same moments, and neither waits in a queue of its own making.
/// </summary>
internal sealed class CallPairs(LoadOptions options, HashGridClient client, CodeSource source)
{
    // Bytes in, bytes out: nothing of the call but the call. An empty request asks for the server as a whole.
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(bytes => bytes, bytes => bytes);
    private static readonly Method<byte[], byte[]> Check = new(MethodType.Unary, "grpc.health.v1.Health", "Check", Bytes, Bytes);

    private readonly Measurement _empty = new("empty call");
    private readonly Measurement _search = new("search");
    private readonly SortedDictionary<string, double> _facts = [];
    private readonly List<double> _index = [];

    public async Task<LoadOutcome> RunAsync(CancellationToken ct)
    {
        await RunAsync(options.WarmupSeconds, ct);
        await using ServerWatch? watch = options.Metrics is { } page ? await ServerWatch.StartAsync(new Uri(page), ct) : null;
        _empty.Open();
        _search.Open();
        _index.Clear();
        double seconds = await RunAsync(options.Seconds, ct);
        ServerUse? use = watch is null ? null : await watch.EndAsync();
        OperationReport empty = _empty.Report(seconds, seconds), search = _search.Report(seconds, seconds);
        if (empty.Completed > 0 && search.Completed > 0)
        {
            (_facts["search_p50_of_empty"], _facts["search_p99_of_empty"]) = (search.P50 / empty.P50, search.P99 / empty.P99);
            _index.Sort();
            _facts["index_p50_ms"] = _index[_index.Count / 2];
        }
        return new LoadOutcome(seconds, [empty, search], _facts, use);
    }

    private async Task<double> RunAsync(double length, CancellationToken ct)
    {
        CallInvoker invoker = client.Channel.CreateCallInvoker();
        long start = Stopwatch.GetTimestamp();
        for (long number = 0; Stopwatch.GetElapsedTime(start).TotalSeconds < length && !ct.IsCancellationRequested; number++)
        {
            // Each goes first as often as the other: whoever comes second finds the caches warm.
            bool emptyFirst = number % 2 == 0;
            if (emptyFirst)
                await EmptyAsync(invoker);
            await SearchAsync(number);
            if (!emptyFirst)
                await EmptyAsync(invoker);
            TimeSpan ahead = TimeSpan.FromSeconds((number + 1) / options.Rate) - Stopwatch.GetElapsedTime(start);
            if (ahead > TimeSpan.FromMilliseconds(1))
                await Task.Delay(ahead, CancellationToken.None);
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private async Task EmptyAsync(CallInvoker invoker)
    {
        bool counts = _empty.Offer();
        long start = Stopwatch.GetTimestamp();
        try
        {
            using AsyncUnaryCall<byte[]> call = invoker.AsyncUnaryCall(Check, null, new CallOptions(deadline: DateTime.UtcNow.AddSeconds(options.DeadlineSeconds)), []);
            await call.ResponseAsync;
            _empty.Complete(counts, start);
        }
        catch (RpcException failure)
        {
            _empty.Fail(counts, HashGridException.From(failure, options.Server));
        }
    }

    private async Task SearchAsync(long number)
    {
        SearchQuery query = source.Query(number, options.Preload);
        bool counts = _search.Offer();
        long start = Stopwatch.GetTimestamp();
        try
        {
            SearchAnswer answer = await client.NearestAsync(query, options.K);
            _search.Complete(counts, start);
            _index.Add(answer.Cost.Elapsed.TotalMilliseconds);
            string engine = "answered_by_" + answer.Cost.Engine.Replace('-', '_');
            _facts[engine] = _facts.GetValueOrDefault(engine) + 1;
        }
        catch (HashGridException failure)
        {
            _search.Fail(counts, failure);
        }
    }
}
