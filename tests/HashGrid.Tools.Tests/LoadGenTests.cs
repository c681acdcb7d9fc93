using System.Text.Json.Nodes;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class LoadGenTests
{
    [Test]
    public async Task Help_Always_TellsWhereLatencyCountsFrom()
    {
        ToolRun run = await Tool.LoadGenAsync("--help");

        Assert.That(run.Output, Does.Contain("intended send time").And.Contains("--scenario"));
    }

    [Test]
    [Category("Durability")]
    public async Task CrashLoop_ThreeKillsInMidIngest_FindsEveryAcknowledgement()
    {
        ToolRun run = await Tool.LoadGenAsync("--crash-loop", "3", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error + run.Output);
        JsonNode report = JsonNode.Parse(run.Output)!;
        Assert.Multiple(() =>
        {
            Assert.That((int)report["rounds"]!, Is.EqualTo(3));
            Assert.That((long)report["acknowledged"]!, Is.GreaterThan(100));
            Assert.That((long)report["codes"]!, Is.GreaterThan(50));
            Assert.That(report["violations"]!.AsArray(), Is.Empty);
        });
    }

    [Test]
    [Category("EndToEnd")]
    public async Task Scenarios_BesideOneServer_EachMeasuresAndReportsInJsonAndAsAPlot()
    {
        await using Serving server = await Serving.StartAsync();
        using var folder = new TempFolder();
        foreach (string scenario in (string[])["mixed", "burst", "stalled-uploads", "slow-reader", "cancel-storm", "deadline-mix"])
        {
            string plot = folder.File(scenario + ".png");
            ToolRun run = await Tool.LoadGenAsync("--scenario", scenario, "--server", server.Address, "--rate", "50", "--seconds", "1", "--warmup", "0", "--preload", "300",
                "--disturbers", "3", "--metrics", server.Metrics, "--plot", plot, "--json");

            Assert.That(run.ExitCode, Is.Zero, scenario + ": " + run.Error);
            JsonNode report = JsonNode.Parse(run.Output)!;
            JsonNode[] operations = [.. report["operations"]!.AsArray().Select(operation => operation!)];
            JsonNode searches = operations.Single(operation => (string)operation["operation"]! == "search");
            Assert.Multiple(() =>
            {
                Assert.That((string)report["scenario"]!, Is.EqualTo(scenario));
                Assert.That((long)searches["completed"]!, Is.Positive.And.EqualTo((long)searches["offered"]!), scenario);
                Assert.That((double)searches["p99_9_ms"]!, Is.GreaterThanOrEqualTo((double)searches["p50_ms"]!).And.Positive, scenario);
                Assert.That((double)report["server"]!["resident_mib_peak"]!, Is.Positive, scenario);
                Assert.That((double)report["server"]!["held_items"]!, Is.Zero, scenario);
                Assert.That(File.ReadAllBytes(plot)[1..4], Is.EqualTo("PNG"u8.ToArray()), scenario);
                if (scenario is "stalled-uploads" or "slow-reader" or "cancel-storm" or "deadline-mix")
                    Assert.That((long)operations.Single(operation => (string)operation["operation"]! == "search disturbed")["completed"]!, Is.Positive, scenario);
                if (scenario == "stalled-uploads")
                    Assert.That((double)report["facts"]!["uploads_stalled_at_once"]!, Is.EqualTo(3));
                if (scenario == "cancel-storm")
                    Assert.That((double)report["facts"]!["images_cancelled"]!, Is.Positive);
                if (scenario == "deadline-mix")
                    Assert.That((long)operations.Single(operation => (string)operation["operation"]! == "search by image")["offered"]!, Is.Positive);
            });
        }
    }

    [Test]
    [Category("EndToEnd")]
    public async Task Comparisons_BesideOneServer_MeasureBothSides()
    {
        await using Serving server = await Serving.StartAsync();
        JsonNode pairs = await ReportAsync(server, "--scenario", "empty-call", "--preload", "300", "--codes", "clustered", "--rate", "1000", "--seconds", "0.5");
        JsonNode overload = await ReportAsync(server, "--scenario", "overload", "--seed", "2", "--picture-side", "64", "--streams", "2", "--seconds", "1.2");
        JsonNode soak = await ReportAsync(server, "--scenario", "soak", "--picture-side", "64", "--ring", "20", "--search-share", "0.5", "--rate", "100", "--seconds", "1");
        Assert.Multiple(() =>
        {
            Assert.That(Names(pairs), Is.EqualTo(new[] { "empty call", "search" }));
            Assert.That(Numbers(pairs, "completed"), Is.All.Positive);
            Assert.That((double)pairs["facts"]!["search_p50_of_empty"]!, Is.Positive);
            Assert.That((double)overload["facts"]!["goodput_of_peak"]!, Is.Positive);
            Assert.That(Numbers(overload, "completed"), Is.All.Positive);
            Assert.That((double)overload["server"]!["held_items"]!, Is.Zero);
            Assert.That(Numbers(soak, "completed"), Is.EqualTo(Numbers(soak, "offered")), "an id that comes again is replaced, not refused");
            Assert.That((long)soak["codes_after"]! - (long)soak["codes_before"]!, Is.LessThanOrEqualTo(20));
        });

        async Task<JsonNode> ReportAsync(Serving beside, params string[] arguments)
        {
            ToolRun run = await Tool.LoadGenAsync([.. arguments, "--server", beside.Address, "--metrics", beside.Metrics, "--warmup", "0.2", "--json"]);
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            return JsonNode.Parse(run.Output)!;
        }

        static string[] Names(JsonNode report) => [.. report["operations"]!.AsArray().Select(operation => (string)operation!["operation"]!)];

        static long[] Numbers(JsonNode report, string name) => [.. report["operations"]!.AsArray().Select(operation => (long)operation![name]!)];
    }

    [Test]
    [Category("EndToEnd")]
    public async Task Drain_UnderLoad_TellsEveryStreamWhereItStands()
    {
        ToolRun run = await Tool.LoadGenAsync("--scenario", "drain", "--seconds", "0.5", "--streams", "3", "--json");

        JsonNode report = JsonNode.Parse(run.Output)!;
        Assert.Multiple(() =>
        {
            // How long it took is a matter of the machine; the rest is not.
            Assert.That(report["violations"]!.AsArray().Select(violation => (string)violation!).Where(violation => !violation.Contains("to end, more than", StringComparison.Ordinal)), Is.Empty);
            Assert.That((int)report["streams"]!, Is.EqualTo(3));
            Assert.That((long)report["acknowledged"]!, Is.Positive);
        });
    }

    [Test]
    public async Task CrashLoop_ServerThatDoesNotStart_SaysInWhichRoundAndHow()
    {
        using var folder = new TempFolder();
        ToolRun run = await Tool.LoadGenAsync("--crash-loop", "3", "--hashgrid", "/bin/false", "--data", folder.Path);

        Assert.That((run.ExitCode, run.ErrorLines.Length), Is.EqualTo((1, 1)), run.Error);
        Assert.That(run.Error, Does.Contain("after 0 of 3 rounds: InvalidOperationException: the server ended with 1 while it started"));
    }

    [TestCase("--picture-side is 7", 2, "--picture-side", "7")]
    [TestCase("exclude each other", 2, "--picture-side", "64", "--images", "/")]
    [TestCase("--metrics is 'here'", 2, "--metrics", "here")]
    [TestCase("--crash-loop is 0", 2, "--crash-loop", "0")]
    [TestCase("--ring is 0", 2, "--ring", "0")]
    [TestCase("--rate is 0", 2, "--rate", "0")]
    [TestCase("is not this machine", 2, "--server", "http://192.0.2.1:5080")]
    [TestCase("'reads'", 2, "--scenario", "reads")]
    [TestCase("no HashGrid server answers", 1, "--server", "unix:/nonexistent/socket")]
    public async Task Arguments_Wrong_SaysItInOneLine(string expected, int exitCode, params string[] arguments)
    {
        ToolRun run = await Tool.LoadGenAsync(arguments);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(exitCode));
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1), run.Error);
            Assert.That(run.Error, Does.StartWith("loadgen: ").And.Contains(expected));
        });
    }
}
