namespace HashGrid.Model.Evaluation;

/// <summary>What counts when a ranking is scored.</summary>
public sealed record RetrievalOptions
{
    /// <summary>Only findings in common make an item relevant, "No Finding" in common does not.</summary>
    public bool FindingsOnly { get; init; }

    /// <summary>nDCG's gain is the number of shared labels s, in place of 2^s − 1.</summary>
    public bool LinearGain { get; init; }
}
