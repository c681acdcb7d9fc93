using System.Text.Json.Nodes;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class RivalTests
{
    [TestCase("itq", 8)]
    [TestCase("dsh", 16)]
    public async Task Train_Method_GivesWeightsThatEvaluateReads(string method, int bits)
    {
        using var folder = new TempFolder();
        string run = folder.File("run"), data = Path.Combine(Repository.Root, "samples");

        ToolRun trained = await Tool.HashGridAsync("train", "--method", method, "--bits", $"{bits}", "--data", data, "--format", "folder", "--smoke", "--out", run, "--json");

        Assert.That(trained.ExitCode, Is.Zero, trained.Error);
        JsonNode report = JsonNode.Parse(trained.Output)!;
        ToolRun scored = await Tool.HashGridAsync(
            "evaluate", "--model", (string)report["best"]!, "--database", Path.Combine(run, "train.csv"), "--queries", Path.Combine(run, "held-out.csv"), "--json");
        Assert.That(scored.ExitCode, Is.Zero, scored.Error);
        JsonNode scores = JsonNode.Parse(scored.Output)!;
        Assert.That((int)scores["bits"]!, Is.EqualTo(bits));
        // Training keeps pixels as bytes: a bit near its threshold may differ.
        Assert.That((double)scores["map"]!, Is.EqualTo((double)report["map"]!).Within(0.05));
    }

    [Test]
    public async Task Train_MethodWithOptions_SaysWhyNot()
    {
        using var folder = new TempFolder();
        ToolRun run = await Tool.HashGridAsync("train", "--method", "ssh", "--resume", "--out", folder.File("run"));
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("--method takes neither --resume nor --options"));
    }
}
