using HashGrid.CommandLine.Reproduction.Pictures;
using HashGrid.CommandLine.Reproduction.Reports;
using HashGrid.Model.Attention;

namespace HashGrid.Tools.Tests.Reproduction;

public class LocalisationTests
{
    private static readonly AttentionMap TopLeft = new([1, 0, 0, 0], 2), BottomRight = new([0, 0, 0, 1], 2);
    private static readonly FindingBox Box = new("a", "Mass", 0, 0, 0.5, 0.5);

    [Test]
    public void Rows_TwoFindings_CountHitsAreaAndCentre()
    {
        var judged = new Localisation();
        judged.Add(1, "p1", Box, TopLeft);
        judged.Add(1, "p2", Box, BottomRight);
        judged.Add(1, "p3", new FindingBox("b", "Nodule", 0.25, 0.25, 0.5, 0.5), BottomRight);
        Assert.That(judged.Rows("whole").Select(row => string.Join(' ', row[..6])), Is.EqualTo(new[] { "whole Mass 2 50 % 25 % 0 %", "whole Nodule 1 0 % 25 % 100 %", "whole all 3 33 % 25 % 33 %" }));
    }

    [Test]
    public void Lead_NetworksThatDisagree_CannotBeJudged()
    {
        // A fixed map hits the box of every picture or of none: each split's network is one draw.
        Localisation Of(params AttentionMap[] networks)
        {
            var judged = new Localisation();
            foreach ((int split, AttentionMap map) in networks.Index())
                for (int i = 0; i < 40; i++)
                    judged.Add(split + 1, $"p{i}", Box, map);
            return judged;
        }
        Localisation always = Of(TopLeft, TopLeft, TopLeft), sometimes = Of(TopLeft, TopLeft, BottomRight), never = Of(BottomRight, BottomRight, BottomRight);
        Assert.Multiple(() =>
        {
            Assert.That(always.Lead().Signed(), Is.EqualTo("+0.750 (+0.750 to +0.750)"));
            Assert.That(Verdict.Of(always.Lead()), Is.EqualTo("holds here"));
            Assert.That(sometimes.Lead().Splits(), Is.EqualTo("+0.750, +0.750, −0.250"));
            Assert.That(Verdict.Of(sometimes.Lead()), Is.EqualTo("cannot be judged here"));
            Assert.That(Verdict.Of(never.Lead()), Is.EqualTo("does not hold here"));
        });
    }
}
