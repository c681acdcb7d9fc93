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
