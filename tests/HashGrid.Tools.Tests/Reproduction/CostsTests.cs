using HashGrid.CommandLine.Reproduction;
using HashGrid.CommandLine.Reproduction.Reports;

namespace HashGrid.Tools.Tests.Reproduction;

public class CostsTests
{
    [Test]
    public void Costs_VerdictsAndTable_HoldTheSameFigures()
    {
        Dictionary<string, SystemCost> costs = Costs();
        costs["ssh"] = new(8.94, 0.0211, 1.44, 30.4);
        costs["itq"] = new(9.06, 0.0212, 1.86, 30);
        costs["ath"] = new(1.149, 0.005, 84.6, 61);
        costs[ReproSystem.PaperLoss] = new(14.04, 0.0042, 123.84, 200);
        IReadOnlyList<string[]> verdicts = Claims.Costs(costs, 589).Rows, table = ReportTables.Costs(costs).Rows;
        Assert.Multiple(() =>
        {
            Assert.That(verdicts[0][2..], Is.EqualTo(new[] { "14.0 ms; fastest is ATH with 1.1 ms", "does not hold here" }));
            Assert.That(verdicts[1][2..], Is.EqualTo(new[] { "8.9 ms against 14.0", "does not hold here" }));
            Assert.That(verdicts[2][2..], Is.EqualTo(new[] { "at most 0.0212 ms, in a database of 589", "less here" }));
            Assert.That(verdicts[3][2], Is.EqualTo("1.9 s against 123.8"));
            Assert.That(table.Single(row => row[0] == "SSH"), Is.EqualTo(new[] { "SSH", "8.9 (560)", "0.0211 (2.8)", "1.4 (4.1)", "30 (3800)" }));
            Assert.That(table.Single(row => row[0] == "ATH")[1], Is.EqualTo("1.1 (36)"));
            Assert.That(table.Single(row => row[0] == "Network, paper's loss")[3], Is.EqualTo("123.8 (2400)"));
        });
    }

    [TestCase(1.0, 101, "holds here")]
    [TestCase(1.0, 99, "does not hold here")]
    [TestCase(1.9, 123.8, "does not hold here")]
    public void Costs_HundredsOfTimes_AreAHundredOrMore(double linear, double network, string expected)
    {
        Dictionary<string, SystemCost> costs = Costs();
        costs["itq"] = costs["itq"] with { Training = linear };
        costs[ReproSystem.PaperLoss] = costs[ReproSystem.PaperLoss] with { Training = network };
        Assert.That(Claims.Costs(costs, 100).Rows[3][^1], Is.EqualTo(expected));
    }

    [Test]
    public void All_SeveralSplits_MeanOfTheTimesAndLargestMemory()
    {
        ReportData data = new(MadeCells.Settings(2), [.. ReproSystem.All.SelectMany(system => (CellResult[])[MadeCells.Cell(system.Id, 1, 0.5, 2, 300), MadeCells.Cell(system.Id, 2, 0.5, 4, 100)])]);
        Dictionary<string, double> ones = ReproSystem.All.ToDictionary(system => system.Id, _ => 1.0);
        IReadOnlyDictionary<string, SystemCost> costs = SystemCost.All(data, ones, ones);
        Assert.That(costs.Keys, Has.None.EqualTo(ReproSystem.Local).And.Count.EqualTo(8));
        Assert.That(costs["ssh"], Is.EqualTo(new SystemCost(1, 1, 3, 300)));
    }

    internal static Dictionary<string, SystemCost> Costs() => ReproSystem.All.Where(system => !system.IsAblation).ToDictionary(system => system.Id, _ => new SystemCost(10, 0.01, 10, 10));
}
