using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace HashGrid.Server.Telemetry;

/// <summary>Sends traces and metrics to a collector by OTLP, from its own threads: a collector that is slow or away costs spans, never requests.</summary>
public sealed class TelemetryExport : IAsyncDisposable
{
    // Part of the time that StopTimes leaves for closing.
    private const int FlushMilliseconds = 1000;

    private readonly ExportWatch _watch;
    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;
    private int _disposed;

    public TelemetryExport(OtlpSettings settings, ILogger<TelemetryExport> logger)
    {
        _watch = new ExportWatch(logger, TimeProvider.System);
        // The variables come last, so that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
        ResourceBuilder resource = ResourceBuilder.CreateEmpty()
            .AddService("hashgrid", serviceVersion: Tracing.Source.Version).AddTelemetrySdk().AddEnvironmentVariableDetector();
        if (settings.Traces)
        {
            _traces = Sdk.CreateTracerProviderBuilder().ConfigureServices(services => services.AddSingleton(settings.Configuration))
                .SetResourceBuilder(resource).AddSource(Tracing.SourceName).SetSampler(new LinkedSampler(settings.Sampler)).AddOtlpExporter().Build();
        }
        if (settings.Metrics)
        {
            _metrics = Sdk.CreateMeterProviderBuilder().ConfigureServices(services => services.AddSingleton(settings.Configuration))
                .SetResourceBuilder(resource).AddMeter(ServerMetrics.MeterName).AddOtlpExporter().Build();
        }
        logger.Exporting(settings.Traces, settings.Metrics);
    }

    /// <summary>Sends what is left, for a second at most.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await Task.WhenAll(Task.Run(() => _traces?.Shutdown(FlushMilliseconds)), Task.Run(() => _metrics?.Shutdown(FlushMilliseconds)));
        _traces?.Dispose();
        _metrics?.Dispose();
        _watch.Dispose();
    }
}
