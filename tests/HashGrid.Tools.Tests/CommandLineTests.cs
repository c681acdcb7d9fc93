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
    [TestCase("bench", "backup")]
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
    [TestCase("'store'", "serve", "--duplicates", "7")]
    [TestCase("'refuse'", "serve", "--duplicates", "foo")]
    [TestCase("'json'", "serve", "--log-format", "xml")]
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

    [Test]
    public async Task Serve_WrongInManyWays_SaysAllAtOnceALineEach()
    {
        ToolRun run = await Tool.HashGridAsync("serve", "--threads", "many", "--device", "tpu", "--listen", "nowhere", "--bogus", "3", "--max-streams-per-caller", "0", "--api-keys", "/nonexistent");

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.ErrorLines, Has.Length.EqualTo(6).And.All.StartsWith("hashgrid: "), run.Error);
            foreach (string wrong in (string[])["'--bogus'", "'many'", "tpu", "'nowhere'", "MaxStreamsPerCaller is 0", "'/nonexistent'"])
                Assert.That(run.ErrorLines, Has.One.Contains(wrong));
        });
    }

    [Test]
    public async Task IngestByName_TwoFilesOfOneName_IsRefusedBeforeAServerIsAsked()
    {
        using var folder = new TempFolder();
        foreach (string name in (string[])["a", "b"])
            Directory.CreateDirectory(folder.File(name));
        string one = Path.Combine("a", "x.png"), other = Path.Combine("b", "x.png");
        folder.Write(one, "one"u8);
        folder.Write(other, "other"u8);
        folder.Write("y.png", "a third"u8);
        ToolRun run = await Tool.HashGridAsync("ingest", folder.Path, "--ids", "name", "--server", "unix:/nonexistent/socket");
        ToolRun twice = await Tool.HashGridAsync("ingest", folder.File(one), folder.File(one), "--ids", "name", "--server", "unix:/nonexistent/socket");

        Assert.Multiple(() =>
        {
            Assert.That((run.ExitCode, run.ErrorLines.Length), Is.EqualTo((2, 1)), run.Error);
            Assert.That(run.Error, Does.Contain($"'{folder.File(one)}' and '{folder.File(other)}' have the same name").And.Contains("rename one"));
            Assert.That(twice.Error, Does.Contain("no HashGrid server answers"), "the same file twice is one item");
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
