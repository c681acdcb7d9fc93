namespace HashGrid.CommandLine.Reproduction;

/// <summary>Retrieval by the codes of one training at one width.</summary>
internal sealed record WidthScores
{
    public required int Bits { get; init; }

    public required double Map { get; init; }

    /// <summary>Ends of the 95 % interval over resampled patients of this split.</summary>
    public required double MapLow { get; init; }

    public required double MapHigh { get; init; }

    public required double Ndcg100 { get; init; }

    public required double MapAt10 { get; init; }

    public required double MapTieAware { get; init; }

    public required double MapRandom { get; init; }

    /// <summary>Mean precision where recall reaches 1/20, 2/20, … 1.</summary>
    public required double[] Precision { get; init; }

    /// <summary>Query by query: patient, average precision, nDCG@100, average precision of the first 10.</summary>
    public required string[] Patients { get; init; }

    public required double[] AveragePrecisions { get; init; }

    public required double[] Ndcgs { get; init; }

    public required double[] AveragePrecisionsAt10 { get; init; }
}
