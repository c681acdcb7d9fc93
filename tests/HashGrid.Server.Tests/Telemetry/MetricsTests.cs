using System.Net;
using System.Net.Sockets;
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
        Assert.That(page, Does.Match("hashgrid_encode_rate\\{batch=\"1\"\\} [1-9]"));
        foreach (string stage in (string[])["waiting", "decode", "ready", "forward"])
            Assert.That(page, Does.Contain($"hashgrid_encode_stage_seconds_count{{stage=\"{stage}\"}} 1\n"));
        using HttpResponseMessage elsewhere = await http.GetAsync($"{server.MetricsUrl}/else").Soon();
        Assert.That(elsewhere.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    [Category("EndToEnd")]
    public async Task Get_MetricsOnAllAddresses_AnswersWhereItIsAllowedAndTheServiceIsNotThere()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MetricsListen = "0.0.0.0:0", AllowRemoteMetrics = true });
        using HttpClient http = new();
        Uri metrics = new UriBuilder(server.MetricsUrl) { Host = "127.0.0.1", Path = "/metrics" }.Uri;
        Assert.That(await http.GetStringAsync(metrics).Soon(), Does.Contain("hashgrid_store_codes 0\n"));
        using HttpRequestMessage http2 = new(HttpMethod.Post, new Uri(metrics, "/hashgrid.v1.Store/Stats")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.That(() => http.SendAsync(http2).Soon(), Throws.InstanceOf<HttpRequestException>(), "gRPC must not be reachable where only metrics are allowed");
    }

    [Test]
    [Category("EndToEnd")]
    public async Task Get_MetricsOnAUnixSocket_Answers()
    {
        using TempFolder folder = new();
        string path = $"{folder.Path}/m";
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MetricsListen = "unix:" + path });
        using SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (_, ct) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using HttpClient http = new(handler);
        Assert.That(await http.GetStringAsync("http://localhost/metrics").Soon(), Does.Contain("hashgrid_store_codes 0\n"));
    }

    /// <summary>Every histogram of the meter, by its name on the page and its tag: none may be left out of what a day's work fills.</summary>
    [Test]
    [Category("EndToEnd")]
    public async Task Get_MetricsAfterEachKindOfWork_EveryHistogramHasSamples()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MetricsListen = "127.0.0.1:0" });
        using (IngestCall ingest = new(server.Channel))
        {
            await ingest.OpenAsync("metrics");
            await ingest.SendImageAsync(1, 1, TestImages.Png(1));
            byte[] large = TestImages.Png(2);
            await ingest.SendAsync(new IngestItem { Sequence = 2, Id = 2, ChunkedImageBytes = (ulong)large.Length });
            await ingest.SendAsync(new IngestRequest { Chunk = ByteString.CopyFrom(large) });
            await ingest.CompleteAsync();
            await ingest.EndAsync();
            Assert.That(ingest.Acknowledged, Is.EqualTo(2));
            await server.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Id = 1 }, K = 2, AtLeastSequence = ingest.StoreSequence }).ResponseAsync.Soon();
        }
        Dictionary<string, string> series = new()
        {
            ["hashgrid_encode_batch"] = "",
            ["hashgrid_store_commit_wait_seconds"] = "",
            ["hashgrid_store_commit_duration_seconds"] = "",
            ["hashgrid_store_commit_changes"] = "",
            ["hashgrid_index_lag_seconds"] = "",
            ["hashgrid_search_wait_seconds"] = "",
            ["hashgrid_search_duration_seconds"] = "{engine=\"scan\"}",
            ["hashgrid_search_fetch_seconds"] = "",
            ["hashgrid_reply_write_seconds"] = "{method=\"/hashgrid.v1.Search/Nearest\"}",
        };
        using HttpClient http = new();
        // The caller has its answer before the server has noted that it was written.
        string page = "";
        await Within.Until(() => CountOf("hashgrid_reply_write_seconds", series["hashgrid_reply_write_seconds"]) == 1, "the written reply");
        using (Assert.EnterMultipleScope())
        {
            foreach ((string name, string labels) in series) Assert.That(CountOf(name, labels), Is.Positive, name);
            foreach (string stage in (string[])["admission", "waiting", "decode", "ready", "forward"])
                Assert.That(CountOf("hashgrid_encode_stage_seconds", $"{{stage=\"{stage}\"}}"), Is.EqualTo(2), stage);
            Assert.That(CountOf("hashgrid_encode_stage_seconds", "{stage=\"upload\"}"), Is.EqualTo(1));
            Assert.That(CountOf("hashgrid_reply_write_seconds", "{method=\"/hashgrid.v1.Ingest/Stream\"}"), Is.GreaterThanOrEqualTo(2));
            Assert.That(SumOf("hashgrid_store_commit_changes"), Is.EqualTo(server.Runtime.Store.DurableSequence));
            Assert.That(page, Does.Contain("hashgrid_store_codes 2\n").And.Contains("hashgrid_index_behind 0\n").And.Contains("hashgrid_search_waiting 0\n"));
            IEnumerable<string> histograms = page.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal) && line.EndsWith(" histogram", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]);
            Assert.That(histograms, Is.EquivalentTo(series.Keys.Append("hashgrid_encode_stage_seconds")));
        }

        long CountOf(string name, string labels)
        {
            page = http.GetStringAsync($"{server.MetricsUrl}/metrics").GetAwaiter().GetResult();
            return ValueOf($"{name}_count{labels} ");
        }

        long SumOf(string name) => ValueOf($"{name}_sum ");

        long ValueOf(string start) =>
            page.Split('\n').FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) is { } line ? long.Parse(line[start.Length..], System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.E+-]+)$""")]
    private static partial Regex Line();
}
