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
        foreach (string scenario in (string[])["search", "ingest", "mixed", "burst", "stalled-uploads", "slow-reader", "cancel-storm", "deadline-mix"])
        {
            string plot = folder.File(scenario + ".png");
            ToolRun run = await Tool.LoadGenAsync("--scenario", scenario, "--server", server.Address, "--rate", "50", "--seconds", "1", "--warmup", "0", "--preload", "300", "--search-share", "0.5",
                "--disturbers", "3", "--metrics", server.Metrics, "--plot", plot, "--json");

            Assert.That(run.ExitCode, Is.Zero, scenario + ": " + run.Error);
            JsonNode report = JsonNode.Parse(run.Output)!;
            Dictionary<string, JsonNode> operations = report["operations"]!.AsArray().ToDictionary(operation => (string)operation!["operation"]!, operation => operation!);
            bool disturbs = scenario is "stalled-uploads" or "slow-reader" or "cancel-storm" or "deadline-mix";
            Assert.Multiple(() =>
            {
                Assert.That((string)report["scenario"]!, Is.EqualTo(scenario));
                Assert.That(operations.Keys, Is.EqualTo(scenario switch
                {
                    "search" => ["search"],
                    "ingest" => ["ingest"],
                    "mixed" or "burst" => ["search", "ingest"],
                    "deadline-mix" => ["search", "search disturbed", "search by image"],
                    _ => (string[])["search", "search disturbed"],
                }), scenario);
                foreach ((string name, JsonNode operation) in operations) Balances(operation, $"{scenario}: {name}");
                // Fifty a second, of which the disturbed scenarios measure half alone.
                Assert.That(operations.Where(operation => operation.Key != "search by image").Sum(operation => (long)operation.Value["offered"]!), Is.InRange(25, 85), scenario);
                foreach ((_, JsonNode operation) in operations.Where(operation => operation.Key is "search" or "ingest"))
                    Assert.That((long)operation["completed"]!, Is.Positive.And.EqualTo((long)operation["offered"]!), scenario);
                Assert.That((long)report["codes_after"]! - (long)report["codes_before"]!, scenario == "ingest" ? Is.EqualTo(Stored(operations)) : Is.LessThanOrEqualTo(Stored(operations)), scenario);
                Assert.That((double)report["server"]!["resident_mib_peak"]!, Is.Positive, scenario);
                Assert.That((double)report["server"]!["held_items"]!, Is.Zero, scenario);
                Assert.That(File.ReadAllBytes(plot)[1..4], Is.EqualTo("PNG"u8.ToArray()), scenario);
                Assert.That(report["facts"]!.AsObject().ContainsKey("disturbed_p99_of_alone"), Is.EqualTo(disturbs), scenario);
                if (disturbs)
                    Assert.That((long)operations["search disturbed"]["completed"]!, Is.Positive, scenario);
                if (scenario == "stalled-uploads")
                    Assert.That((double)report["facts"]!["uploads_stalled_at_once"]!, Is.EqualTo(3));
                if (scenario == "slow-reader")
                    Assert.That((double)report["facts"]!["queries_sent"]!, Is.GreaterThan((double)report["facts"]!["answers_read"]!));
                if (scenario == "cancel-storm")
                    Assert.That((double)report["facts"]!["images_cancelled"]!, Is.Positive);
                if (scenario == "deadline-mix")
                    Assert.That(operations["search by image"]["errors"]!.AsObject().Select(error => error.Key), Has.All.StartsWith("DeadlineExceeded"), "told by the server, with its reason, or found out by the client");
            });
        }
    }

    [Test]
    [Category("EndToEnd")]
    public async Task Errors_OfARunWhoseIdsHoldOtherCodes_AreCountedByCause()
    {
        await using Serving server = await Serving.StartAsync();
        JsonNode[] reports = new JsonNode[2];
        for (int i = 0; i < reports.Length; i++)
        {
            // The same ids in both, and other codes under them.
            ToolRun run = await Tool.LoadGenAsync("--scenario", "ingest", "--codes", i == 0 ? "uniform" : "clustered", "--server", server.Address, "--rate", "100", "--seconds", "0.5", "--warmup", "0", "--json");
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            reports[i] = JsonNode.Parse(run.Output)!["operations"]!.AsArray().Single()!;
            Balances(reports[i], $"run {i}");
        }
        long stored = (long)reports[0]["completed"]!, offered = (long)reports[1]["offered"]!;
        Assert.That(reports[0]["errors"]!.AsObject(), Is.Empty);
        Assert.That(reports[1]["errors"]!.AsObject().ToDictionary(error => error.Key, error => (long)error.Value!),
            Is.EqualTo(new Dictionary<string, long> { ["AlreadyExists ID_CONFLICT"] = Math.Min(stored, offered) }));
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

    /// <summary>Nothing is lost between what was offered, what was answered and what failed; rates and percentiles fit them.</summary>
    private static void Balances(JsonNode operation, string what)
    {
        long offered = (long)operation["offered"]!, completed = (long)operation["completed"]!, failed = operation["errors"]!.AsObject().Sum(error => (long)error.Value!);
        // Searches with short deadlines are broken off at the end of a turn: at most one a disturber, in each of five.
        Assert.That(offered - completed - failed, (string)operation["operation"]! == "search by image" ? Is.InRange(0, 15) : Is.Zero, what);
        Assert.That((double)operation["offered_per_second"]!, Is.Positive, what);
        Assert.That((double)operation["achieved_per_second"]!, completed == 0 ? Is.Zero : Is.Positive.And.LessThanOrEqualTo((double)operation["offered_per_second"]! + 0.001), what);
        Assert.That(((string[])["p50_ms", "p90_ms", "p99_ms", "p99_9_ms"]).Select(name => (double)operation[name]!), Is.Ordered.And.All.GreaterThanOrEqualTo(0), what);
        if (completed > 0) Assert.That((double[])[(double)operation["p50_ms"]!, (double)operation["max_ms"]!], Is.Ordered.And.All.Positive, what);
    }

    private static long Stored(Dictionary<string, JsonNode> operations) => operations.TryGetValue("ingest", out JsonNode? ingest) ? (long)ingest["completed"]! : 0;
}
