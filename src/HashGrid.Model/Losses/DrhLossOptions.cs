namespace HashGrid.Model.Losses;

/// <summary>Weights of the terms of deep residual hashing. No stored copy of the paper gives them; these are ours, chosen once by order of magnitude and not tuned per data set.</summary>
public sealed record DrhLossOptions
{
    /// <summary>Weight of the quantisation term, a mean over bits.</summary>
    public double Quantisation { get; init; } = 0.1;

    /// <summary>Weight of the balance term, a mean over bits.</summary>
    public double Balance { get; init; } = 0.1;

    /// <summary>Weight of the orthogonality term, a mean over rows.</summary>
    public double Orthogonality { get; init; } = 0.01;
}
