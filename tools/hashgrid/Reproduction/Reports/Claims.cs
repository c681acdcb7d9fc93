using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>What the paper claims, and what these data say of it.</summary>
internal static class Claims
{
    private static readonly string[] Rivals = ["ssh", "itq", "dh", "dsh", "drh", "ath"];

    /// <summary>Claim, the paper's figure, the figure here with its interval, verdict.</summary>
    public static Part.Table Leads(ReportData data, string network)
    {
        var rows = new List<string[]>();
        foreach (bool ndcg in (bool[])[false, true])
            foreach (string rival in Rivals)
            {
                double margin = ndcg
                    ? PaperFigures.Retrieval[ReproSystem.PaperLoss].Ndcg - PaperFigures.Retrieval[rival].Ndcg
                    : PaperFigures.Retrieval[ReproSystem.PaperLoss].Map - PaperFigures.Retrieval[rival].Map;
                PatientInterval lead = data.Lead(network, rival, ndcg);
                rows.Add([$"leads {ReproSystem.Of(rival).Title} in {(ndcg ? "nDCG@100" : "mAP")}", FormattableString.Invariant($"{margin:+0.00}"), lead.Signed(), Verdict.Of(lead)]);
            }
        return new Part.Table([$"{ReproSystem.Of(network).Title} …", "paper", "here (95 %)", "verdict"], rows);
    }

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
        return new Part.Table(["mAP", "paper", "here (95 %)", "verdict"], [.. claims.Select(claim =>
        {
            PatientInterval lead = data.Lead(claim.First, claim.Second, ndcg: false);
            double margin = PaperFigures.Ablations[claim.First].Map - PaperFigures.Ablations[claim.Second].Map;
            return (string[])[claim.Claim, FormattableString.Invariant($"{margin:+0.00}"), lead.Signed(), Verdict.Of(lead)];
        })]);
    }

    /// <summary>The smallest leads over the six, which the paper puts at 6 points of mAP and 4 of nDCG@100.</summary>
    public static (double Map, double Ndcg) Smallest(ReportData data, string network) =>
        (Rivals.Min(rival => data.Lead(network, rival, ndcg: false).Mean), Rivals.Min(rival => data.Lead(network, rival, ndcg: true).Mean));

    /// <summary>What Table 2 says, in order of size; sizes alone, since the machines differ.</summary>
    public static Part.Table Costs(ReportData data, IReadOnlyDictionary<string, double> features)
    {
        string fastest = features.Where(one => PaperFigures.Cost.ContainsKey(one.Key)).MinBy(one => one.Value).Key;
        double shallow = Math.Min(features["ssh"], features["itq"]), network = features[ReproSystem.PaperLoss];
        double retrieval = data.Results.Max(one => one.RetrievalMilliseconds);
        double linear = data.Cells("itq").Average(one => one.TrainSeconds), learnt = data.Cells(ReproSystem.PaperLoss).Average(one => one.TrainSeconds);
        static string Whether(bool holds) => holds ? "holds here" : "does not hold here";
        return new Part.Table(
            ["Table 2", "paper", "here", "verdict"],
            [
                ["the network computes features fastest of all", "31 ms", FormattableString.Invariant($"{network:F1} ms; fastest is {ReproSystem.Of(fastest).Title} with {features[fastest]:F1} ms"), Whether(fastest == ReproSystem.PaperLoss)],
                ["shallow methods take longer for features than the network", "560 to 670 ms against 31", FormattableString.Invariant($"{shallow:F1} ms against {network:F1}"), Whether(shallow > 1.1 * network)],
                ["a search takes milliseconds", "2.6 to 6 ms", FormattableString.Invariant($"at most {retrieval:F4} ms, in a database of {data.Results[0].Database}"), retrieval < 6 ? "less here" : "holds here"],
                ["linear methods train in seconds, the network in hundreds of times that", "5 s against 2400", FormattableString.Invariant($"{linear:F1} s against {learnt:F0}"), Whether(linear * 10 < learnt)],
            ]);
    }
}
