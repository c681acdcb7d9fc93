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
                    Assert.That((double)report["disturbance"]!["uploads_stalled_at_once"]!, Is.EqualTo(3));
                if (scenario == "cancel-storm")
                    Assert.That((double)report["disturbance"]!["images_cancelled"]!, Is.Positive);
                if (scenario == "deadline-mix")
                    Assert.That((long)operations.Single(operation => (string)operation["operation"]! == "search by image")["offered"]!, Is.Positive);
            });
        }
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

    [TestCase("--picture-side is 7", 2, "--picture-side", "7")]
    [TestCase("exclude each other", 2, "--picture-side", "64", "--images", "/")]
    [TestCase("--metrics is 'here'", 2, "--metrics", "here")]
    [TestCase("--crash-loop is 0", 2, "--crash-loop", "0")]
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
