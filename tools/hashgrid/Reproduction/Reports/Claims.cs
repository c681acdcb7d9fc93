using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>What the paper claims, and what these data say of it.</summary>
internal static class Claims
{
    private static readonly string[] Rivals = ["ssh", "itq", "dh", "dsh", "drh", "ath"];

    /// <summary>Claim, the paper's figure, the figure here with its interval and by split, verdict.</summary>
    public static Part.Table Leads(ReportData data, string network) => new(
        [$"{ReproSystem.Of(network).Title}{(data.Settings.Short(ReproSystem.Of(network)) is { } cut ? $" ({cut})" : "")} …", "paper", "here (95 %)", "by split", "verdict"],
        [.. RetrievalMetric.All.SelectMany(metric => Rivals.Select(rival =>
            Row($"leads {ReproSystem.Of(rival).Title} in {metric.Title}", metric.Printed(ReproSystem.PaperLoss) - metric.Printed(rival), data.Lead(network, rival, metric), data.Settings.Short(ReproSystem.Of(rival)))))]);

    /// <summary>Tables 4 and 5 in words.</summary>
    public static Part.Table Ablations(ReportData data)
    {
        (string Claim, string First, string Second)[] claims =
        [
            ("F_maxP and F_avgP help", ReproSystem.Ours, ReproSystem.NoPoints),
            ("F_max helps", ReproSystem.Ours, ReproSystem.NoMax),
            ("fused beats local alone", ReproSystem.Ours, ReproSystem.Local),
            ("fused beats global alone", ReproSystem.Ours, ReproSystem.Global),
            ("global alone beats local alone", ReproSystem.Global, ReproSystem.Local),
        ];
        return new Part.Table(
            ["tables 4 and 5", "paper", "here (95 %)", "by split", "verdict"],
            [.. ((RetrievalMetric[])[RetrievalMetric.Map, RetrievalMetric.MapAt10]).SelectMany(metric => claims.Select(claim =>
                Row($"{claim.Claim}, {metric.Title}", PaperFigures.Ablations[claim.First].Map - PaperFigures.Ablations[claim.Second].Map, data.Lead(claim.First, claim.Second, metric))))]);
    }

    /// <summary>The smallest lead over the six, which the paper puts at 6 points of mAP and 4 of nDCG@100.</summary>
    public static double Smallest(ReportData data, string network, RetrievalMetric metric) => Rivals.Min(rival => data.Lead(network, rival, metric).Mean);

    /// <param name="claim">In words.</param>
    /// <param name="printed">The paper's margin.</param>
    /// <param name="lead">Ours.</param>
    /// <param name="handicap">What the other side did not get, if anything: it belongs to the verdict.</param>
    private static string[] Row(string claim, double printed, SplitInterval lead, string? handicap = null) =>
        [claim, FormattableString.Invariant($"{printed:+0.00}"), lead.Signed(), lead.Splits(), Verdict.Of(lead) + (handicap is null ? "" : $", against {handicap}")];

    /// <summary>What Table 2 says, in order of size; sizes alone, since the machines differ.</summary>
    public static Part.Table Costs(IReadOnlyDictionary<string, SystemCost> costs, int database)
    {
        SystemCost network = costs[ReproSystem.PaperLoss], linear = costs["itq"], shallow = costs["ssh"].Feature < linear.Feature ? costs["ssh"] : linear;
        (string fastest, SystemCost quick) = costs.Where(one => PaperFigures.Cost.ContainsKey(one.Key)).MinBy(one => one.Value.Feature);
        SystemCost slowest = costs.Values.MaxBy(one => one.Retrieval)!;
        return new Part.Table(
            ["Table 2", "paper", "here", "verdict"],
            [
                ["the network computes features fastest of all", "31 ms", $"{network.FeatureText} ms; fastest is {ReproSystem.Of(fastest).Title} with {quick.FeatureText} ms", Verdict.Whether(fastest == ReproSystem.PaperLoss)],
                ["shallow methods take longer for features than the network", "560 to 670 ms against 31", $"{shallow.FeatureText} ms against {network.FeatureText}", Verdict.Whether(shallow.Feature > 1.1 * network.Feature)],
                ["a search takes milliseconds", "2.6 to 6 ms", $"at most {slowest.RetrievalText} ms, in a database of {database}", slowest.Retrieval < 1 ? "less here" : "holds here"],
                ["linear methods train in seconds, the network in hundreds of times that", "5 s against 2400", $"{linear.TrainingText} s against {network.TrainingText}", Verdict.Whether(linear.Training * 100 < network.Training)],
            ]);
    }
}
