using HashGrid.CommandLine.Reproduction;
using HashGrid.CommandLine.Reproduction.Reports;

namespace HashGrid.Tools.Tests.Reproduction;

public class HandicapTests
{
    [Test]
    public void Short_FewerEpochsAndPixels_AreSaidInTheVerdict()
    {
        ReproSettings settings = MadeCells.Settings(2) with { Epochs = new() { ["ath"] = 8, ["paper"] = 12, ["dsh"] = 40 }, Sizes = new() { ["ath"] = 128 } };
        CellResult[] cells = [.. ReproSystem.All.SelectMany(system => Enumerable.Range(1, 2).Select(split => MadeCells.Cell(system.Id, split, system.Id == "paper" ? 0.8 : 0.5)))];
        Part.Table table = Claims.Leads(new ReportData(settings, cells), ReproSystem.PaperLoss);
        Assert.That(table.Head[0], Is.EqualTo("Network, paper's loss (12 of its 50 epochs) …"));
        Assert.That(table.Rows.Take(6).Select(row => row[^1]), Is.EqualTo(new[] { "holds here", "holds here", "holds here", "holds here", "holds here", "holds here, against 8 of its 50 epochs, 128 of its 256 pixels" }));
        Assert.That(settings.Short(ReproSystem.Of(ReproSystem.Local)), Is.Null);
        Assert.That((settings with { Smoke = true }).Short(ReproSystem.Of("drh")), Is.EqualTo("2 of its 30 epochs"));
    }
}
