using System.Diagnostics;
using HashGrid.Client;

namespace HashGrid.LoadGen;

/// <summary>One run: preload, warm up, measure, drain, report.</summary>
internal sealed class LoadRun(LoadOptions options, HashGridClient client)
{
    private readonly Measurement _search = new("search");
    private readonly Measurement _ingest = new("ingest");

    /// <exception cref="HashGridException">The server cannot be reached, or refuses the preload.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken ct)
    {
        ModelInfo model = await client.DescribeAsync(ct);
        var source = new CodeSource(model.Bits, options.Seed, options.ImageFolder);
        await PreloadAsync(source, ct);
        StoreStats before = await client.StatsAsync(ct);

        var search = new SearchLoad(client, source, options, _search);
        await using IngestLoad ingest = await IngestLoad.OpenAsync(client, source, options, _ingest, options.Preload, ct);
        var choice = new Random(options.Seed + 1);
        void Arrive(long intended)
        {
            bool searches = options.Scenario == "search" || (options.Scenario == "mixed" && choice.NextDouble() < options.SearchShare);
            if (searches)
                search.Arrive(intended, ingest.Stored);
            else
                ingest.Arrive(intended);
        }

        // A thread of its own: the schedule must not wait for the pool that works off the answers.
        await RunClockAsync(options.WarmupSeconds, options.Seed + 2, Arrive, ct);
        _search.Open();
        _ingest.Open();
        long start = Stopwatch.GetTimestamp();
        await RunClockAsync(options.Seconds, options.Seed + 3, Arrive, ct);
        double offeredFor = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Task.WhenAll(search.DrainAsync(), ingest.DrainAsync());
        double seconds = Math.Max(offeredFor, Stopwatch.GetElapsedTime(start).TotalSeconds);
        StoreStats after = await client.StatsAsync(CancellationToken.None);
        Measurement[] used = options.Scenario switch { "search" => [_search], "ingest" => [_ingest], _ => [_search, _ingest] };
        return new LoadReport(options, before, after, seconds, [.. used.Select(measurement => measurement.Report(offeredFor, seconds))]);
    }

    private Task RunClockAsync(double seconds, int seed, Action<long> arrive, CancellationToken ct)
    {
        if (seconds <= 0)
            return Task.CompletedTask;
        var clock = new ArrivalClock(options.Rate, options.Poisson, seed);
        return Task.Factory.StartNew(
            () => clock.Run(TimeSpan.FromSeconds(seconds), arrive, ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private async Task PreloadAsync(CodeSource source, CancellationToken ct)
    {
        if (options.Preload == 0)
            return;
        await foreach (IngestResult result in client.IngestAsync(ItemsAsync(), cancellationToken: ct))
            if (result.Failure is { } failure)
                throw new HashGridException(failure.Status, failure.Reason, $"the preload was refused: {failure.Message}");

        async IAsyncEnumerable<IngestItem> ItemsAsync()
        {
            for (int i = 0; i < options.Preload; i++)
                yield return source.Item(i);
            await Task.CompletedTask;
        }
    }
}
