using Google.Protobuf;
using HashGrid.Protos.V1;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;
using HashGrid.Server.Tests.Support.Otlp;

namespace HashGrid.Server.Tests.Telemetry;

/// <summary>What arrives at a real collector.</summary>
[Category("EndToEnd")]
[NonParallelizable]
public sealed class OtlpExportTests
{
    [TestCase("grpc")]
    [TestCase("http/protobuf")]
    public async Task Stop_AfterASearch_HasSentItsSpansAndMetrics(string protocol)
    {
        await using Collector collector = await Collector.StartAsync();
        using EnvironmentScope variables = new(("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_SERVICE_NAME", "radiology"));
        await using (TestServer server = await TestServer.StartAsync(new ServerOptions { OtlpEndpoint = protocol == "grpc" ? collector.GrpcUrl : collector.HttpUrl }))
        {
            await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(TestImages.Png(1)) }, K = 1 }).ResponseAsync.Soon();
            await server.StopAsync().Soon();
        }
        Span call = collector.Spans.Single(span => span.Name == "hashgrid.v1.Search/Nearest");
        Span batch = collector.Spans.Single(span => span.Name == "encode.batch");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(collector.Spans.Where(span => span.ParentSpanId == call.SpanId).Select(span => span.Name), Does.Contain("encode.decode").And.Contains("search.index"));
            Assert.That(batch.Links.Single().SpanId, Is.EqualTo(call.SpanId));
            Assert.That(call.Attributes.Single(attribute => attribute.Key == "rpc.method").Value.StringValue, Is.EqualTo("hashgrid.v1.Search/Nearest"));
            Assert.That(collector.Traces.SelectMany(request => request.ResourceSpans).SelectMany(resource => resource.Resource.Attributes)
                .First(attribute => attribute.Key == "service.name").Value.StringValue, Is.EqualTo("radiology"));
            Assert.That(collector.AllMetrics.Select(metric => metric.Name), Does.Contain("hashgrid.encode.images"));
            HistogramDataPoint searches = collector.AllMetrics.First(metric => metric.Name == "hashgrid.search.duration").Histogram.DataPoints[0];
            Assert.That(searches.ExplicitBounds.Count(bound => bound < 0.01), Is.EqualTo(9), "searches take less than a hundredth of a second, many of them microseconds");
            Assert.That(searches.BucketCounts, Has.Count.EqualTo(searches.ExplicitBounds.Count + 1));
        }
    }

    [Test]
    public async Task Start_WithoutAnEndpoint_StartsNoExport()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();
        Assert.That(server.Services.GetService(typeof(TelemetryExport)), Is.Null);
        Assert.That(Tracing.Source.HasListeners(), Is.False);
    }

    [Test]
    public async Task Stop_WithACollectorThatIsAway_EndsAllTheSame()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { OtlpEndpoint = "http://127.0.0.1:1" });
        await server.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon();
        Assert.That(() => server.StopAsync().Soon(), Throws.Nothing);
    }
}
