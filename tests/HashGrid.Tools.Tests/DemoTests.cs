using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
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
        using Process demo = Tool.Start("hashgrid", "demo", "--out", folder.Path, "--samples", ManySamples(folder));
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

    // Enough images that the interruption falls into the work, however late a busy machine delivers it.
    private static string ManySamples(TempFolder folder)
    {
        string image = Directory.GetFiles(Path.Combine(Repository.Root, "samples", "images")).Order().First();
        var csv = new StringBuilder("file,labels,patient_id,role\n");
        for (int i = 0; i < 5000; i++)
        {
            File.CreateSymbolicLink(folder.File($"{i}.jpg"), image);
            csv.Append(CultureInfo.InvariantCulture, $"{i}.jpg,Mass,{i},{(i == 0 ? "query" : "database")}\n");
        }
        File.WriteAllText(folder.File("labels.csv"), csv.ToString());
        return folder.Path;
    }
}
