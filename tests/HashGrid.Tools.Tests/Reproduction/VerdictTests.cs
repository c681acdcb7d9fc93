using HashGrid.CommandLine.Reproduction.Reports;
using HashGrid.Model.Evaluation;

namespace HashGrid.Tools.Tests.Reproduction;

public class VerdictTests
{
    [TestCase(0.001, 0.2, "holds here")]
    [TestCase(-0.2, -0.001, "does not hold here")]
    [TestCase(-0.001, 0.2, "cannot be judged here")]
    [TestCase(0, 0.2, "cannot be judged here")]
    public void Of_Ends_DecideAlone(double low, double high, string expected) => Assert.That(Verdict.Of(new SplitInterval(0.1, low, high, [])), Is.EqualTo(expected));

    [Test]
    public void Of_SplitsThatDisagree_CannotBeJudgedThoughEveryPatientAgrees()
    {
        // Fifty patients asked in each of three splits: pooled, their interval is a point above zero, and the splits' leads are +0.07, +0.002 and -0.003.
        SplitInterval Lead(params double[] splits) => SplitInterval.Of([.. splits.Select(lead => Enumerable.Range(0, 50).Select(i => ($"p{i}", lead)).ToArray())], asked: 0.3);
        SplitInterval split = Lead(0.07, 0.002, -0.003), one = Lead(0.05, 0.05, 0.05);
        Assert.Multiple(() =>
        {
            Assert.That(Verdict.Of(split), Is.EqualTo("cannot be judged here"));
            Assert.That(split.Signed(), Is.EqualTo("+0.023 (−0.130 to +0.176)"));
            Assert.That(split.Splits(), Is.EqualTo("+0.070, +0.002, −0.003"));
            Assert.That(Verdict.Of(one), Is.EqualTo("holds here"));
            Assert.That(Verdict.Of(Lead(-0.05, -0.05, -0.05)), Is.EqualTo("does not hold here"));
        });
    }

    [Test]
    public void Splits_ThatRoundToZero_HaveOneSign() =>
        Assert.That(new SplitInterval(0, 0, 0, [-0.0004, 0.0004, -0.0006]).Splits(), Is.EqualTo("+0.000, +0.000, −0.001"));

    [Test]
    public void Of_OneSplit_CannotBeJudged()
    {
        SplitInterval lead = SplitInterval.Of([Enumerable.Range(0, 50).Select(i => ($"p{i}", 0.3)).ToArray()], asked: 0.3);
        Assert.That(Verdict.Of(lead), Is.EqualTo("cannot be judged here"));
        Assert.That(lead.Signed(), Is.EqualTo("+0.300 (too few splits or patients)"));
    }
}
