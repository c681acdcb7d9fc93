using System.Text.Json.Nodes;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class ReproduceTests
{
    private static string Samples => Path.Combine(Repository.Root, "samples");

    [Test]
    public async Task Reproduce_Smoke_WritesEverythingAndDoesNothingTwice()
    {
        using var folder = new TempFolder();
        string data = folder.File("data"), run = folder.File("run");
        Directory.CreateDirectory(data);
        string[] rows = File.ReadAllLines(Path.Combine(Samples, "labels.csv"));
        File.WriteAllLines(Path.Combine(data, "labels.csv"), rows.Skip(1).Take(24).Select(row => Path.Combine(Samples, row)).Prepend(rows[0]));
        string[] command = ["reproduce", "--data", data, "--format", "folder", "--smoke", "--splits", "1", "--bits", "8", "--out", run];

        ToolRun first = await Tool.HashGridAsync(command);

        Assert.That(first.ExitCode, Is.Zero, first.Error);
        string report = File.ReadAllText(Path.Combine(run, "report.md")), page = File.ReadAllText(Path.Combine(run, "report.html"));
        Assert.Multiple(() =>
        {
            Assert.That(first.Error, Does.Contain("12 cells, 0 of them done already").And.Contain("12/12"));
            foreach (string part in (string[])["Table 1", "Table 2", "Table 4", "Table 5", "Figure 4", "Figure 5", "Figure 6", "Figure 7", "random order", "each training ran in a process of its own", "Is M saturated?", "against 2 of its 50 epochs", "Precision ", "| SSH | 0.13 / 0.68 |", "leads ATH in nDCG@100 | +0.04", "cannot be judged"])
                Assert.That(report, Does.Contain(part));
            Assert.That(page, Does.Contain("data:image/png;base64,").And.Contain("data:image/jpeg;base64,").And.Not.Contain("src=\"map"));
            foreach (string picture in (string[])["retrieval.jpg", "attention.jpg", "loss.png", "map-by-width.png", "precision-recall.png"])
                Assert.That(File.Exists(Path.Combine(run, picture)), picture);
        });

        string kept = Path.Combine(run, "cells", "dsh-8-split1.json"), gone = Path.Combine(run, "cells", "itq-8-split1.json");
        DateTime written = File.GetLastWriteTimeUtc(kept);
        double map = Map(gone);
        File.Delete(gone);
        ToolRun second = await Tool.HashGridAsync(command);
        Assert.That(second.ExitCode, Is.Zero, second.Error);
        Assert.That(second.Error, Does.Contain("12 cells, 11 of them done already"));
        Assert.That(File.GetLastWriteTimeUtc(kept), Is.EqualTo(written));
        Assert.That(Map(gone), Is.EqualTo(map));

        File.Delete(gone);
        File.Delete(Path.Combine(run, "report.md"));
        ToolRun unfinished = await Tool.HashGridAsync([.. command, "--report-only"]);
        Assert.That(unfinished.ExitCode, Is.EqualTo(1));
        Assert.That(unfinished.Error, Does.Contain("no finished split yet: 11 of 12 cells"));
        Assert.That(File.Exists(gone), Is.False);

        ToolRun other = await Tool.HashGridAsync([.. command, "--epochs", "5"]);
        Assert.That(other.ExitCode, Is.EqualTo(1));
        Assert.That(other.Error, Does.Contain("holds another plan").And.Contain("epochs was {}, now {\"ath\":5"));

        string[] changed = File.ReadAllLines(Path.Combine(data, "labels.csv"));
        string kind = changed[3].Split(',')[1];
        changed[3] = changed[3].Replace($",{kind},", ",Hernia,", StringComparison.Ordinal);
        File.WriteAllLines(Path.Combine(data, "labels.csv"), changed);
        ToolRun relabelled = await Tool.HashGridAsync(command);
        Assert.That(relabelled.ExitCode, Is.EqualTo(1));
        Assert.That(relabelled.Error, Does.Contain("belongs to other data: labels or patients of its 24 pictures have changed"));

        ToolRun scored = await Tool.HashGridAsync("evaluate", "--model", Path.Combine(run, "cells", "ath-8-split1.safetensors"), "--database", Path.Combine(data, "labels.csv"), "--queries", Path.Combine(data, "labels.csv"), "--json");
        Assert.That(scored.ExitCode, Is.Zero, scored.Error);
    }

    [TestCase("--epochs", "paper=0")]
    [TestCase("--epochs", "itq=3")]
    [TestCase("--sizes", "ath=ten")]
    [TestCase("--splits", "0")]
    [TestCase("--bits", "4")]
    public async Task Reproduce_WrongOption_SaysWhatIsPossible(string option, string value)
    {
        using var folder = new TempFolder();
        ToolRun run = await Tool.HashGridAsync("reproduce", "--data", Samples, "--format", "folder", option, value, "--out", folder.File("run"));
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(option));
        Assert.That(Directory.Exists(folder.File("run")), Is.False);
    }

    [Test]
    public async Task HeatMap_OnePicture_DrawsItAndPrintsTheValues()
    {
        using var folder = new TempFolder();
        string picture = Directory.GetFiles(Path.Combine(Samples, "images")).Order(StringComparer.Ordinal).First(), drawn = folder.File("heat.png");

        ToolRun run = await Tool.HashGridAsync("heatmap", picture, "--out", drawn, "--side", "96", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonNode report = JsonNode.Parse(run.Output)!;
        Assert.That((int)report["side"]!, Is.EqualTo(2), "the tiny network has 64 pixels and stage 5");
        Assert.That(report["map"]!.AsArray().Select(value => (float)value!), Has.Exactly(4).InRange(-1f, 1f));
        byte[] png = File.ReadAllBytes(drawn);
        Assert.That(png.AsSpan(1, 3).ToArray(), Is.EqualTo("PNG"u8.ToArray()));
        Assert.That((png[18] << 8) | png[19], Is.EqualTo(96), "width");

        ToolRun missing = await Tool.HashGridAsync("heatmap", folder.File("none.png"), "--out", drawn);
        Assert.That(missing.ExitCode, Is.EqualTo(1));
        Assert.That(missing.Error, Does.Contain("does not exist"));
    }

    private static double Map(string cell) => (double)JsonNode.Parse(File.ReadAllText(cell))!["scores"]![0]!["map"]!;
}
