using System.Diagnostics;
using HashGrid.Client;

namespace HashGrid.LoadGen.Overload;

/// <summary>
/// Ingest streams that send as fast as the server lets them, and then, open loop, a fifth more than they just reached; several times in turn, so that
/// a slow moment of the machine falls on both. An arrival that finds its stream's window and short queue full is shed, and counted.
/// </summary>
internal sealed class OverloadRun(LoadOptions options, HashGridClient client, CodeSource source)
{
    private const int Turns = 3;
    private const double Excess = 1.2;

    // Until the server's queue is as full as it gets, and the last phase's rest is gone.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    private readonly Measurement _peak = new("ingest at peak");
    private readonly Measurement _over = new("ingest at 120 %");
    private long _number = options.Preload;

    public async Task<LoadOutcome> RunAsync(CancellationToken ct)
    {
        double phase = options.Seconds / (2 * Turns), peakSeconds = 0, overSeconds = 0;
        long peak = 0, over = 0;
        ServerUse? atPeak = null, atOver = null;
        await PhaseAsync(null, Math.Max(options.WarmupSeconds, 0.1), new Measurement("warm-up"), ct);
        for (int turn = 0; turn < Turns && !ct.IsCancellationRequested; turn++)
        {
            (long done, double seconds, ServerUse? use) = await PhaseAsync(null, phase, _peak, ct);
            peak += done;
            peakSeconds += seconds;
            atPeak = ServerUse.Join(atPeak, use);
            double rate = Excess * done / seconds;
            if (rate <= 0)
            {
                string causes = string.Join(", ", _peak.Report(peakSeconds, peakSeconds).Errors.Select(error => $"{error.Value} × {error.Key}"));
                throw new HashGridException(
                    Grpc.Core.StatusCode.Unavailable, "", $"the server stored nothing ({(causes.Length == 0 ? "no answer" : causes)}), so there is no peak to exceed; an earlier run may have left other content under the ids: use an empty store, or another --seed");
            }
            (done, seconds, use) = await PhaseAsync(rate, phase, _over, ct);
            over += done;
            overSeconds += seconds;
            atOver = ServerUse.Join(atOver, use);
        }
        double peakRate = peak / peakSeconds, goodput = over / overSeconds;
        var facts = new SortedDictionary<string, double>
        {
            ["peak_per_second"] = peakRate,
            ["goodput_per_second"] = goodput,
            ["goodput_of_peak"] = goodput / peakRate,
        };
        if (atPeak is not null && atOver is not null)
        {
            (facts["resident_mib_at_peak"], facts["resident_mib_overloaded"]) = (atPeak.PeakMiB, atOver.PeakMiB);
            facts["resident_overloaded_of_peak"] = atOver.PeakMiB / atPeak.PeakMiB;
            (facts["most_items_held"], facts["most_bytes_held"]) = atOver.Most;
        }
        return new LoadOutcome(peakSeconds + overSeconds, [_peak.Report(peakSeconds, peakSeconds), _over.Report(overSeconds, overSeconds)], facts, ServerUse.Join(atPeak, atOver));
    }

    /// <summary>One stretch with streams of its own.</summary>
    /// <param name="rate">Arrivals a second; null: as fast as the streams take them.</param>
    /// <param name="length">Seconds to measure, after the settling.</param>
    /// <param name="measurement">Where arrivals count.</param>
    /// <param name="ct">Ctrl-C.</param>
    /// <returns>Items acknowledged within the measured seconds, these, and the server's use.</returns>
    private async Task<(long Done, double Seconds, ServerUse? Use)> PhaseAsync(double? rate, double length, Measurement measurement, CancellationToken ct)
    {
        var streams = new OverloadStream[options.Streams];
        for (int i = 0; i < streams.Length; i++)
            streams[i] = await OverloadStream.OpenAsync(client, source, measurement, ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task sending = rate is { } offered ? OfferAsync(streams, offered, stop.Token) : Task.WhenAll(streams.Select(stream => stream.SaturateAsync(() => Interlocked.Increment(ref _number), stop.Token)));
        await Task.Delay(Settling, CancellationToken.None);
        await using ServerWatch? watch = options.Metrics is { } page ? await ServerWatch.StartAsync(new Uri(page), ct) : null;
        measurement.Open();
        (long before, long start) = (streams.Sum(stream => stream.Done), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(length), CancellationToken.None);
        (long after, double seconds) = (streams.Sum(stream => stream.Done), Stopwatch.GetElapsedTime(start).TotalSeconds);
        measurement.Pause();
        await stop.CancelAsync();
        await sending;
        foreach (OverloadStream stream in streams)
            await stream.EndAsync();
        return (after - before, seconds, watch is null ? null : await watch.EndAsync());
    }

    private Task OfferAsync(OverloadStream[] streams, double rate, CancellationToken ct)
    {
        var clock = new ArrivalClock(rate, options.Arrivals, options.Seed + 3);
        // A thread of its own: the schedule must not wait for the pool that works off the answers.
        return Task.Factory.StartNew(
            () => clock.Run(TimeSpan.FromHours(1), intended =>
            {
                long number = ++_number;
                streams[number % streams.Length].Arrive(number, intended);
            }, ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
