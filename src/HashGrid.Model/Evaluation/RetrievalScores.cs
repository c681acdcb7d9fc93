namespace HashGrid.Model.Evaluation;

/// <summary>How well a ranking retrieves, pooled over queries; all but the counts between 0 and 1.</summary>
/// <param name="Map">Mean average precision, full ranking, ties by database position.</param>
/// <param name="Ndcg100">nDCG of the first 100, gain 2^shared − 1, ideal from the whole database.</param>
/// <param name="PrecisionAt10">Relevant among the first 10.</param>
/// <param name="MapTieAware">Expected mAP over random orders within equal distances.</param>
/// <param name="Ndcg100TieAware">The same for nDCG.</param>
/// <param name="MapRandom">Expected mAP of a random order.</param>
/// <param name="Queries">Queries that have a relevant item.</param>
/// <param name="LeftOut">Queries that have none.</param>
/// <param name="MapLow">Lower end of the 95 % bootstrap interval of <paramref name="Map"/>, resampling patients.</param>
/// <param name="MapHigh">Upper end.</param>
public sealed record RetrievalScores(
    double Map, double Ndcg100, double PrecisionAt10, double MapTieAware, double Ndcg100TieAware, double MapRandom, int Queries, int LeftOut, double MapLow, double MapHigh)
{
    /// <summary>Lower end of the 95 % bootstrap interval of <see cref="Ndcg100"/>, resampling patients.</summary>
    public double Ndcg100Low { get; init; }

    /// <summary>Upper end.</summary>
    public double Ndcg100High { get; init; }

    /// <summary>Mean average precision of the first 10, divided by min(relevant, 10).</summary>
    public double MapAt10 { get; init; }

    /// <summary>
    /// Mean average precision of the first 100 as DeepHash-pytorch computes it: divided by those found there, so that finding fewer can score higher.
    /// Only to compare with papers that use it.
    /// </summary>
    public double MapAt100Found { get; init; }
}
