using System.Runtime.InteropServices;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Searching;
using HashGrid.Server.Security;
using HashGrid.Server.Services;
using HashGrid.Server.Storage.Files;
using HashGrid.Server.Telemetry;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace HashGrid.Server;

/// <summary>Builds and runs the server: from the command line, from <c>hashgrid serve</c>, and inside tests.</summary>
public static class ServerHost
{
    /// <summary>Puts the parts together; nothing is opened before the application starts.</summary>
    /// <param name="options">Checked here.</param>
    /// <param name="loadEncoder">Another encoder than the one the options name; for tests.</param>
    /// <param name="files">Another disk under the store; for tests.</param>
    /// <exception cref="ArgumentException">The options have problems; the message holds all of them.</exception>
    public static WebApplication Build(ServerOptions options, Func<ServerOptions, IImageEncoder>? loadEncoder = null, IStorageFiles? files = null)
    {
        IReadOnlyList<string> problems = Problems(options, out OtlpSettings? otlp);
        if (problems.Count > 0) throw new ArgumentException("server options: " + string.Join("; ", problems), nameof(options));

        // Empty: no settings come from files or variables that nobody named.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        LogFilter filter = new(options.LogLevel);
        AddConsole(builder.Logging, options.LogFormat).AddFilter(filter.Wants);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimes.Connections(options));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MaxMessageBytes;
            grpc.Interceptors.Add<ErrorInterceptor>();
        });
        builder.Services.AddGrpcReflection();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(filter);
        builder.Services.AddSingleton(loadEncoder ?? EncoderLoader.Load);
        builder.Services.AddSingleton(files ?? DiskFiles.Instance);
        builder.Services.AddSingleton<ServerMetrics>();
        builder.Services.AddSingleton(_ => ApiKeys.Load(options.ApiKeysPath));
        builder.Services.AddSingleton(_ => new SearchGate(
            options.ConcurrentSearches == 0 ? Environment.ProcessorCount : options.ConcurrentSearches, options.MaxQueuedSearches, options.MaxSearchesPerCaller));
        builder.Services.AddSingleton<Callers>();
        builder.Services.AddSingleton<PrometheusText>();
        builder.Services.AddSingleton(_ => new StreamSampler(options, TimeProvider.System));
        if (otlp is not null)
        {
            builder.Services.AddSingleton(otlp);
            builder.Services.AddSingleton<TelemetryExport>();
        }
        builder.Services.AddSingleton<CallCounter>();
        builder.Services.AddSingleton<ServerRuntime>();
        builder.Services.AddSingleton<AttentionModel>();
        builder.Services.AddSingleton(services => new AttentionMaps(picture => services.GetRequiredService<AttentionModel>().Read(picture)));
        builder.Services.AddSingleton<Searcher>();
        builder.Services.AddSingleton<HealthService>();
        builder.Services.AddSingleton<EncoderService>();
        builder.Services.AddSingleton<IngestService>();
        builder.Services.AddSingleton<SearchService>();
        builder.Services.AddSingleton<StoreService>();
        builder.Services.AddSingleton<ServerLifetime>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ServerLifetime>());

        WebApplication app = builder.Build();
        // HTTP/1.1 is spoken on the metrics address only.
        app.MapWhen(context => HttpProtocol.IsHttp11(context.Request.Protocol), metrics => metrics.Run(MetricsPage.WriteAsync));
        app.UseRouting();   // CallerMiddleware asks which method is called
        app.UseMiddleware<CallCounterMiddleware>();
        app.UseMiddleware<CallerMiddleware>();
        app.UseMiddleware<MessageLimitMiddleware>();
        app.MapGrpcService<EncoderService>();
        app.MapGrpcService<IngestService>();
        app.MapGrpcService<SearchService>();
        app.MapGrpcService<StoreService>();
        app.MapGrpcService<HealthService>();
        app.MapGrpcReflectionService();
        return app;
    }

    /// <summary>
    /// Runs until <paramref name="ct"/>, SIGTERM or SIGINT, then drains. Prints one line an endpoint on stdout when ready:
    /// <c>HashGrid listening on http://127.0.0.1:41234</c>.
    /// </summary>
    /// <param name="options">Checked here.</param>
    /// <param name="unread">What was wrong with the command line, one line each: told together with what is wrong with the options.</param>
    /// <param name="ct">Stops the server.</param>
    /// <returns>The exit code: 0, 1 when it could not start (one line on stderr), 2 for wrong options (one line on stderr for each of them).</returns>
    public static async Task<int> RunAsync(ServerOptions options, IReadOnlyCollection<string>? unread = null, CancellationToken ct = default)
    {
        string[] problems = [.. unread ?? [], .. Problems(options, out _)];
        if (problems.Length > 0) return Complain(2, problems);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        await using WebApplication app = Build(options);
        try
        {
            UnixSocketFiles.RemoveStale(options);
            await app.StartAsync(stop.Token);
            await app.Services.GetRequiredService<ServerLifetime>().Ready.WaitAsync(stop.Token);
            foreach (string url in app.Urls.Take(options.Listen.Count)) Console.WriteLine("HashGrid listening on " + Shown(url));
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop, possibly before it was ready.
        }
        catch (Exception failure)
        {
            int code = Complain(1, StartFailure.Describe(failure));
            await StopAsync(app);
            return code;
        }
        await StopAsync(app);
        return 0;

        void OnSignal(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>An address as clients write it.</summary>
    public static string Shown(string url) => url.StartsWith("http://unix:", StringComparison.Ordinal) ? url["http://".Length..] : url;

    /// <summary>What is wrong with the options, and with OpenTelemetry's variables if they are used.</summary>
    private static IReadOnlyList<string> Problems(ServerOptions options, out OtlpSettings? otlp)
    {
        List<string> problems = [.. options.Validate()];
        otlp = OtlpSettings.Read(options, new ConfigurationBuilder().AddEnvironmentVariables().Build(), problems);
        return problems;
    }

    private static ILoggingBuilder AddConsole(ILoggingBuilder logging, LogFormat format) => format == LogFormat.Json
        ? logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"))
        : logging.AddSimpleConsole(console => console.SingleLine = true);

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;   // a stream has no end; messages and uploads have their own limits
        // A stream may be silent between items; StreamInput has the idle limits, and pings find dead connections.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(20);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        kestrel.Limits.Http2.MaxStreamsPerConnection = options.Http2StreamsPerConnection;
        kestrel.Limits.Http2.InitialStreamWindowSize = options.Http2StreamWindowBytes;
        kestrel.Limits.Http2.InitialConnectionWindowSize = options.Http2ConnectionWindowBytes;
        foreach (string text in options.Listen)
        {
            ListenAddress address = ListenAddress.Parse(text, out _)!;
            kestrel.Listen(address.EndPoint, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http2;
                if (address.UnixPath is null) Tls.Apply(endpoint, options);
            });
        }
        if (options.MetricsListen is { } metrics)
            kestrel.Listen(ListenAddress.Parse(metrics, out _)!.EndPoint, endpoint => endpoint.Protocols = HttpProtocols.Http1);
    }

    private static async Task StopAsync(WebApplication app)
    {
        try
        {
            await app.StopAsync(CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            // Some call outlived the drain; Kestrel has cut it off, and the store is closed by now.
        }
    }

    private static int Complain(int code, params IEnumerable<string> lines)
    {
        foreach (string line in lines) Console.Error.WriteLine("hashgrid: " + line);
        return code;
    }
}
