namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>One way to score rankings.</summary>
/// <param name="Title">In the report.</param>
/// <param name="Queries">Query by query.</param>
/// <param name="Mean">Of one cell.</param>
/// <param name="Printed">The paper's figure that claims to be it.</param>
internal sealed record RetrievalMetric(string Title, Func<WidthScores, double[]> Queries, Func<WidthScores, double> Mean, Func<string, double> Printed)
{
    public static RetrievalMetric Map { get; } = new("mAP", one => one.AveragePrecisions, one => one.Map, id => PaperFigures.Retrieval[id].Map);

    /// <summary>The paper's text says "top-10" beside its mAP, so its figures may be of this kind.</summary>
    public static RetrievalMetric MapAt10 { get; } = new("mAP@10", one => one.AveragePrecisionsAt10, one => one.MapAt10, id => PaperFigures.Retrieval[id].Map);

    public static RetrievalMetric Ndcg { get; } = new("nDCG@100", one => one.Ndcgs, one => one.Ndcg100, id => PaperFigures.Retrieval[id].Ndcg);

    public static IReadOnlyList<RetrievalMetric> All { get; } = [Map, MapAt10, Ndcg];
}
