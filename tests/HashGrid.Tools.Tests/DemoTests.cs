using System.Diagnostics;
using System.Runtime.InteropServices;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

[Category("EndToEnd")]
public class DemoTests
{
    [Test]
    public async Task Demo_OnTheSamples_PrintsTheTableAndDrawsTheSheet()
    {
        using var folder = new TempFolder();
        ToolRun run = await Tool.HashGridAsync("demo", "--out", folder.Path);

        byte[] sheet = await File.ReadAllBytesAsync(folder.File("retrieval.png"));
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Output, Does.Contain("every one acknowledged").And.Contains("of the 5 nearest share a label").And.Contains("retrieval.png"));
            Assert.That(run.Output, Does.Not.Contain("\u001b["), "no ANSI without a terminal");
            Assert.That(sheet.AsSpan(0, 8).ToArray(), Is.EqualTo((byte[])[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]));
            Assert.That(sheet, Has.Length.GreaterThan(200_000), "sixty X-rays do not fit in less");
        });
    }

    [Test]
    public async Task Demo_Interrupted_EndsWith130AndLeavesNothingBehind()
    {
        using var folder = new TempFolder();
        using Process demo = Tool.Start("hashgrid", "demo", "--out", folder.Path);
        string? line = await demo.StandardOutput.ReadLineAsync().WaitAsync(Tool.Limit);
        Assert.That(line, Does.StartWith("The server is ready"));

        Tool.Signal(demo, PosixSignal.SIGINT);
        ToolRun run = await Tool.EndAsync(demo);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(130), run.Error);
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1));
            Assert.That(File.Exists(folder.File("retrieval.png")), Is.False);
        });
    }
}
