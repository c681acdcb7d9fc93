using HashGrid.CommandLine;
using HashGrid.CommandLine.Reproduction;
using HashGrid.CommandLine.Reproduction.Reports;

namespace HashGrid.Tools.Tests.Reproduction;

public class ClaimsTests
{
    [Test]
    public void Leads_KnownScores_EachMetricHasItsFigureIntervalSplitsAndVerdict()
    {
        ReportData data = MadeCells.Report(3, (ReproSystem.Ours, [0.8, 0.8, 0.8]), ("dsh", [0.73, 0.798, 0.803]), ("drh", [0.9, 0.9, 0.9]));
        Part.Table table = Claims.Leads(data, ReproSystem.Ours);
        string[] Row(string claim) => table.Rows.Single(row => row[0] == claim);
        Assert.Multiple(() =>
        {
            Assert.That(table.Rows, Has.Count.EqualTo(18));
            Assert.That(Row("leads SSH in mAP"), Is.EqualTo(new[] { "leads SSH in mAP", "+0.15", "+0.300 (+0.300 to +0.300)", "+0.300, +0.300, +0.300", "holds here" }));
            Assert.That(Row("leads SSH in mAP@10"), Is.EqualTo(new[] { "leads SSH in mAP@10", "+0.15", "+0.150 (+0.150 to +0.150)", "+0.150, +0.150, +0.150", "holds here" }));
            Assert.That(Row("leads SSH in nDCG@100"), Is.EqualTo(new[] { "leads SSH in nDCG@100", "+0.12", "+0.075 (+0.075 to +0.075)", "+0.075, +0.075, +0.075", "holds here" }));
            Assert.That(Row("leads DSH in mAP"), Is.EqualTo(new[] { "leads DSH in mAP", "+0.15", "+0.023 (−0.130 to +0.176)", "+0.070, +0.002, −0.003", "cannot be judged here" }));
            Assert.That(Row("leads DRH in mAP")[^1], Is.EqualTo("does not hold here"));
            Assert.That(Claims.Smallest(data, ReproSystem.Ours, RetrievalMetric.Map), Is.EqualTo(-0.1).Within(1e-9));
            Assert.That(Claims.Smallest(data, ReproSystem.Ours, RetrievalMetric.Ndcg), Is.EqualTo(-0.025).Within(1e-9));
        });
    }

    [Test]
    public void Ablations_KnownScores_AreComparedWithTheRightNetworks()
    {
        ReportData data = MadeCells.Report(2, (ReproSystem.Ours, [0.8, 0.8]), (ReproSystem.NoPoints, [0.8, 0.8]), (ReproSystem.NoMax, [0.7, 0.7]), (ReproSystem.Local, [0.9, 0.9]), (ReproSystem.Global, [0.6, 0.6]));
        Assert.That(Claims.Ablations(data).Rows.Take(5).Select(row => $"{row[0]} {row[1]} {row[2][..6]} {row[^1]}"), Is.EqualTo(new[]
        {
            "F_maxP and F_avgP help, mAP +0.18 +0.000 cannot be judged here",
            "F_max helps, mAP +0.07 +0.100 holds here",
            "fused beats local alone, mAP +0.06 −0.100 does not hold here",
            "fused beats global alone, mAP +0.04 +0.200 holds here",
            "global alone beats local alone, mAP +0.02 −0.300 does not hold here",
        }));
    }

    [Test]
    public void Lead_SplitsThatOneSystemLacks_AreLeftOut()
    {
        CellResult[] cells = [MadeCells.Cell("ours", 1, 0.8), MadeCells.Cell("ours", 2, 0.7), MadeCells.Cell("ssh", 2, 0.5), MadeCells.Cell("ssh", 3, 0.1)];
        Assert.That(new ReportData(MadeCells.Settings(3), cells).Lead("ours", "ssh", RetrievalMetric.Map).BySplit, Is.EqualTo(new[] { 0.2 }).Within(1e-9));
    }

    [Test]
    public void Lead_OtherQueries_AreNotCompared()
    {
        CellResult other = MadeCells.Cell("ssh", 1, 0.5);
        other = other with { Scores = [other.Scores[0] with { Patients = ["q", .. other.Scores[0].Patients[1..]] }] };
        var data = new ReportData(MadeCells.Settings(1), [MadeCells.Cell("ours", 1, 0.8), other]);
        Assert.That(Assert.Throws<CommandException>(() => data.Lead("ours", "ssh", RetrievalMetric.Map))!.Message, Does.Contain("ours and ssh").And.Contain("split 1"));
    }
}
