using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class CommandLineTests
{
    [TestCase("serve")]
    [TestCase("demo")]
    [TestCase("encode")]
    [TestCase("ingest")]
    [TestCase("search")]
    [TestCase("get")]
    [TestCase("remove")]
    [TestCase("stats")]
    [TestCase("snapshot")]
    [TestCase("fsck")]
    [TestCase("dump")]
    [TestCase("salvage")]
    [TestCase("compact")]
    [TestCase("bench", "fsync")]
    [TestCase("bench", "store")]
    [TestCase("evaluate")]
    [TestCase("train")]
    [TestCase("calibrate")]
    [TestCase("bench", "encoder")]
    [TestCase("import-weights")]
    [TestCase("export-weights")]
    [TestCase("index", "search")]
    public async Task Help_EveryCommand_ShowsUsageAndExamples(params string[] command)
    {
        ToolRun run = await Tool.HashGridAsync([.. command, "--help"]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("Usage:").And.Contains($"Examples:\n  hashgrid {string.Join(' ', command)}"));
            Assert.That(run.Output, Does.Not.Contain("\u001b["), "no ANSI without a terminal");
        });
    }

    [Test]
    public async Task Help_Root_ListsTheCommands()
    {
        ToolRun run = await Tool.HashGridAsync("--help");

        Assert.That(run.Output, Does.Contain("serve").And.Contains("ingest").And.Contains("hashgrid demo"));
    }

    [TestCase("'bogus'", "bogus")]
    [TestCase("Required command", new string[0])]
    [TestCase("exactly one of IMAGE", "search")]
    [TestCase("exactly one of IMAGE", "search", "a.png", "--id", "1")]
    [TestCase("-k is 0", "search", "--id", "1", "-k", "0")]
    [TestCase("is no id", "get", "seven")]
    [TestCase("unix:/path/of/socket", "stats", "--server", "nonsense")]
    [TestCase("'--out'", "encode", "a.png")]
    public async Task Arguments_Wrong_ExitWithTwoAndOneLine(string expected, params string[] arguments)
    {
        ToolRun run = await Tool.HashGridAsync(arguments);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1), run.Error);
            Assert.That(run.Error, Does.StartWith("hashgrid: ").And.Contains(expected).And.Contains("--help"));
        });
    }

    [TestCase("no HashGrid server answers", "stats", "--server", "unix:/nonexistent/socket")]
    [TestCase("there is no store in", "fsck", "/nonexistent")]
    [TestCase("does not exist", "search", "/nonexistent/a.png")]
    [TestCase("neither a file nor a folder", "ingest", "/nonexistent")]
    [TestCase("labels.csv does not exist", "demo", "--samples", "/nonexistent")]
    public async Task Command_ThatCannotBeDone_ExitsWithOneAndOneLine(string expected, params string[] arguments)
    {
        ToolRun run = await Tool.HashGridAsync(arguments);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(1));
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1), run.Error);
            Assert.That(run.Error, Does.StartWith("hashgrid: ").And.Contains(expected));
        });
    }
}
