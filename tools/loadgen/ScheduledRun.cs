using System.Diagnostics;
using HashGrid.Client;
using HashGrid.LoadGen.Disturbances;

namespace HashGrid.LoadGen;

/// <summary>Operations on schedule: warm up, measure (alone and disturbed in turns, where something disturbs), wait for the last answer.</summary>
internal sealed class ScheduledRun(LoadOptions options, HashGridClient client, CodeSource source)
{
    // Alone and disturbed in turns, so that what else the machine does falls on both.
    private const int Turns = 5;

    private readonly Measurement _search = new("search");
    private readonly Measurement _disturbed = new("search disturbed");
    private readonly Measurement _ingest = new("ingest");

    public async Task<LoadOutcome> RunAsync(CancellationToken ct)
    {
        var search = new SearchLoad(client, source, options, _search);
        await using IDisturbance? disturbance = Disturbance();
        await using IngestLoad ingest = await IngestLoad.OpenAsync(client, source, options, _ingest, options.Preload, ct);
        var choice = new Random(options.Seed + 1);
        double share = options.Scenario switch { Scenario.Ingest => 0, Scenario.Mixed or Scenario.Burst or Scenario.Soak => options.SearchShare, _ => 1 };
        void Arrive(long intended)
        {
            if (choice.NextDouble() < share)
                search.Arrive(intended, ingest.Stored);
            else
                ingest.Arrive(intended);
        }

        await RunClockAsync(options.WarmupSeconds, options.Seed + 2, Arrive, ct);
        await using ServerWatch? watch = options.Metrics is { } page ? await ServerWatch.StartAsync(new Uri(page), ct) : null;
        Measurement[] used = [.. Used(share, disturbance)];
        long start = Stopwatch.GetTimestamp();
        double offeredFor = 0;
        if (disturbance is null)
        {
            foreach (Measurement measurement in used)
                measurement.Open();
            await RunClockAsync(options.Seconds, options.Seed + 3, Arrive, ct);
            offeredFor = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        else
        {
            for (int turn = 0; turn < Turns && !ct.IsCancellationRequested; turn++)
                offeredFor += await TakeTurnAsync(search, disturbance, turn, Arrive, ct);
        }
        await Task.WhenAll(search.DrainAsync(), ingest.DrainAsync());
        double seconds = disturbance is null ? Math.Max(offeredFor, Stopwatch.GetElapsedTime(start).TotalSeconds) : offeredFor;
        ServerUse? use = watch is null ? null : await watch.EndAsync();
        return new LoadOutcome(seconds, [.. used.Select(measurement => measurement.Report(offeredFor, seconds))], Facts(disturbance), use);
    }

    /// <returns>How long each of both was measured.</returns>
    private async Task<double> TakeTurnAsync(SearchLoad search, IDisturbance disturbance, int turn, Action<long> arrive, CancellationToken ct)
    {
        double half = options.Seconds / (2 * Turns);
        foreach ((Measurement measurement, bool disturbed) in ((Measurement, bool)[])[(_search, false), (_disturbed, true)])
        {
            if (disturbed)
                await disturbance.StartAsync();
            search.Measurement = measurement;
            measurement.Open();
            if (disturbed)
                disturbance.Measurement?.Open();
            await RunClockAsync(half, options.Seed + 3 + turn, arrive, ct);
            await search.DrainAsync();
            measurement.Pause();
            disturbance.Measurement?.Pause();
            if (disturbed)
                await disturbance.StopAsync();
        }
        return half;
    }

    private IDisturbance? Disturbance() => options.Scenario switch
    {
        Scenario.StalledUploads => new StalledUploads(client.Channel, options.Disturbers),
        Scenario.SlowReader => new SlowReaders(client.Channel, options.Disturbers, source),
        Scenario.CancelStorm => new CancelStorm(client.Channel, options.Disturbers, options.Seed),
        Scenario.DeadlineMix => new DeadlineMix(client.Channel, options.Disturbers, options.Seed),
        _ => null,
    };

    private IEnumerable<Measurement> Used(double share, IDisturbance? disturbance)
    {
        if (share > 0)
            yield return _search;
        if (share < 1)
            yield return _ingest;
        if (disturbance is null)
            yield break;
        yield return _disturbed;
        if (disturbance.Measurement is { } own)
            yield return own;
    }

    private Task RunClockAsync(double seconds, int seed, Action<long> arrive, CancellationToken ct)
    {
        if (seconds <= 0)
            return Task.CompletedTask;
        // A thread of its own: the schedule must not wait for the pool that works off the answers.
        var clock = new ArrivalClock(options.Rate, options.Scenario == Scenario.Burst ? Arrivals.Burst : options.Arrivals, seed);
        return Task.Factory.StartNew(
            () => clock.Run(TimeSpan.FromSeconds(seconds), arrive, ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private SortedDictionary<string, double> Facts(IDisturbance? disturbance)
    {
        if (disturbance is null)
            return [];
        OperationReport alone = _search.Report(1, 1), disturbed = _disturbed.Report(1, 1);
        var facts = new SortedDictionary<string, double>(disturbance.Facts().ToDictionary());
        if (alone.Completed > 0 && disturbed.Completed > 0)
            (facts["disturbed_p50_of_alone"], facts["disturbed_p99_of_alone"]) = (disturbed.P50 / alone.P50, disturbed.P99 / alone.P99);
        return facts;
    }
}
