using System.Net;
using System.Text.RegularExpressions;
using Google.Protobuf;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Telemetry;

public sealed partial class MetricsTests
{
    [Test]
    public void Write_EveryKind_IsPrometheusText()
    {
        using ServerMetrics metrics = new(), other = new();
        using PrometheusText page = new(metrics);
        metrics.ImageEncoded();
        metrics.ImageEncoded();
        other.ImageEncoded();
        metrics.ItemDropped(ErrorReason.Cancelled);
        metrics.BatchTaken(3);
        metrics.BatchTaken(8);
        metrics.StageTook(EncodeStage.Running, TimeSpan.FromMilliseconds(7));
        metrics.StreamsChanged(2);
        metrics.StreamsChanged(-1);
        metrics.ObserveQueue(() => (4, 5), () => new EncodeLoad(6, 7, 8));
        string text = page.Write();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Does.Contain("# TYPE hashgrid_encode_images_total counter\nhashgrid_encode_images_total 2\n"));
            Assert.That(text, Does.Contain("hashgrid_encode_dropped_total{reason=\"CANCELLED\"} 1\n"));
            Assert.That(text, Does.Contain("hashgrid_encode_batch_bucket{le=\"2\"} 0\nhashgrid_encode_batch_bucket{le=\"4\"} 1\nhashgrid_encode_batch_bucket{le=\"8\"} 2\n"));
            Assert.That(text, Does.Contain("hashgrid_encode_stage_seconds_bucket{stage=\"forward\",le=\"0.005\"} 0\nhashgrid_encode_stage_seconds_bucket{stage=\"forward\",le=\"0.01\"} 1\n"));
            Assert.That(text, Does.Contain("hashgrid_ingest_streams 1\n"));
            Assert.That(text, Does.Contain("hashgrid_encode_waiting 4\n").And.Contains("hashgrid_encode_bytes 7\n").And.Contains("hashgrid_encode_pixels 8\n"));
            foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Assert.That(line, Does.Match(Line()));
        }
    }

    [Test]
    [Category("EndToEnd")]
    public async Task Get_Metrics_CountsWhatWasDone()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MetricsListen = "127.0.0.1:0" });
        await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Image = ByteString.CopyFrom(TestImages.Png(1)) }, K = 1 }).ResponseAsync.Soon();
        using HttpClient http = new();
        string page = await http.GetStringAsync($"{server.MetricsUrl}/metrics").Soon();
        Assert.That(page, Does.Contain("hashgrid_encode_images_total 1\n").And.Contains("hashgrid_search_queries_total{engine="));
        foreach (string stage in (string[])["waiting", "decode", "ready", "forward"])
            Assert.That(page, Does.Contain($"hashgrid_encode_stage_seconds_count{{stage=\"{stage}\"}} 1\n"));
        using HttpResponseMessage elsewhere = await http.GetAsync($"{server.MetricsUrl}/else").Soon();
        Assert.That(elsewhere.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.E+-]+)$""")]
    private static partial Regex Line();
}
