using System.Diagnostics;
using HashGrid.Server.Indexing;
using HashGrid.Server.Security;
using HashGrid.Server.Services;
using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Hosting;

/// <summary>
/// The order of starting and stopping: parts open before Kestrel listens, health says SERVING once they are ready; at the end health
/// says NOT_SERVING, streams drain, Kestrel stops, parts close.
/// </summary>
public sealed class ServerLifetime(ServerRuntime runtime, HealthService health, ServerOptions options, IServiceProvider services, ILogger<ServerLifetime> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _deadline = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _signal;
    private Task _watch = Task.CompletedTask;
    private TelemetryExport? _export;
    private bool _storing = true;
    private bool _searching = true;

    /// <summary>Completes when all services are ready; faults if they never will be.</summary>
    public Task Ready => _ready.Task;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // What can refuse to start does so before the first connection; metrics listen from the first event on.
        services.GetRequiredService<ApiKeys>();
        _export = services.GetService<TelemetryExport>();
        if (options.MetricsListen is not null) services.GetRequiredService<PrometheusText>();
        return runtime.OpenAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        services.GetRequiredService<LogFilter>().Started();
        _watch = WatchAsync(_stopping.Token);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _signal = Stopwatch.GetTimestamp();
        _deadline.CancelAfter(StopTimes.Parts(options));
        health.SetStopped();
        await _stopping.CancelAsync();
        await runtime.DrainAsync();
        await _watch;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        Task closing = CloseAsync();
        TimeSpan left = StopTimes.All(options) - Stopwatch.GetElapsedTime(_signal);
        if (await Task.WhenAny(closing, Task.Delay(left > StopTimes.LeastForClosing ? left : StopTimes.LeastForClosing, CancellationToken.None)) == closing) await closing;
        else logger.LeftOpen();
    }

    private async Task CloseAsync()
    {
        await runtime.CloseAsync(_deadline.Token);
        if (_export is not null) await _export.DisposeAsync();   // the last spans are those of the drain
    }

    private async Task WatchAsync(CancellationToken ct)
    {
        try
        {
            await runtime.WaitReadyAsync(ct);
            CheckParts();   // one may have failed during the warm-up
            health.SetReady();
            logger.Ready((long)Stopwatch.GetElapsedTime(_start).TotalMilliseconds);
            _ready.TrySetResult();
            await WatchPartsAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            _ready.TrySetCanceled(ct);
        }
        catch (Exception failure)
        {
            // Told by whoever awaits Ready; ServerHost says it in one line.
            logger.StartFailed(failure);
            _ready.TrySetException(failure);
        }
    }

    // Each part fails for itself: over a store that no longer writes searches go on, and a failed index stops nobody from storing.
    private async Task WatchPartsAsync(CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(WatchPeriod, ct);
            CheckParts();
        }
    }

    private void CheckParts()
    {
        if (_storing && runtime.Store.State != StoreState.Open)
        {
            _storing = false;
            health.SetFailed(HealthService.Ingest);
            logger.StoreReadOnly(runtime.Store.Fault?.Message ?? "no reason was given");
        }
        if (_searching && runtime.Index.State == IndexState.Failed)
        {
            _searching = false;
            health.SetFailed(HealthService.Search);
            logger.IndexFailed();
        }
    }
}
