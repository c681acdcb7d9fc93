using System.Collections.Concurrent;
using Grpc.Core;
using HashGrid.Server.Tests.Support.Otlp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace HashGrid.Server.Tests.Support;

/// <summary>A real OTLP receiver on a free port of this machine: gRPC, and protobuf over HTTP/1.1 on a second port.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public string GrpcUrl => _app.Urls.First();

    public string HttpUrl => _app.Urls.Last();

    public ConcurrentQueue<ExportTraceServiceRequest> Traces { get; } = new();

    public ConcurrentQueue<ExportMetricsServiceRequest> Metrics { get; } = new();

    public Span[] Spans => [.. Traces.SelectMany(request => request.ResourceSpans).SelectMany(resource => resource.ScopeSpans).SelectMany(scope => scope.Spans)];

    public Metric[] AllMetrics => [.. Metrics.SelectMany(request => request.ResourceMetrics).SelectMany(resource => resource.ScopeMetrics).SelectMany(scope => scope.Metrics)];

    public static async Task<Collector> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        WebApplication app = builder.Build();
        var collector = new Collector(app);
        app.MapGrpcService<TraceReceiver>();
        app.MapGrpcService<MetricsReceiver>();
        app.MapPost("/v1/traces", async context => collector.Traces.Enqueue(ExportTraceServiceRequest.Parser.ParseFrom(await BodyAsync(context))));
        app.MapPost("/v1/metrics", async context => collector.Metrics.Enqueue(ExportMetricsServiceRequest.Parser.ParseFrom(await BodyAsync(context))));
        TraceReceiver.Target = MetricsReceiver.Target = collector;
        await app.StartAsync().Soon();
        return collector;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().Soon();
        await _app.DisposeAsync();
    }

    private static async Task<byte[]> BodyAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    // Made by gRPC for each call; one collector runs at a time.
    internal sealed class TraceReceiver : TraceService.TraceServiceBase
    {
        public static Collector? Target { get; set; }

        public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context)
        {
            Target!.Traces.Enqueue(request);
            return Task.FromResult(new ExportTraceServiceResponse());
        }
    }

    internal sealed class MetricsReceiver : MetricsService.MetricsServiceBase
    {
        public static Collector? Target { get; set; }

        public override Task<ExportMetricsServiceResponse> Export(ExportMetricsServiceRequest request, ServerCallContext context)
        {
            Target!.Metrics.Enqueue(request);
            return Task.FromResult(new ExportMetricsServiceResponse());
        }
    }
}
