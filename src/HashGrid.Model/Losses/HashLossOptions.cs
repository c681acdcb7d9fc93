namespace HashGrid.Model.Losses;

/// <summary>Weights of the joint loss; the defaults are the paper's.</summary>
public sealed record HashLossOptions
{
    /// <summary>α, weight of the term that draws u to ±1.</summary>
    public double Alpha { get; init; } = 0.5;

    /// <summary>β, weight of the classification term.</summary>
    public double Beta { get; init; } = 0.5;

    /// <summary>m, in units of D; null: √(2k), the distance of ±1 codes that differ in half their bits.</summary>
    public double? Margin { get; init; }

    /// <summary>
    /// Similar pairs of a batch weigh as much as all others together, however few they are: |S| / |S₁| each, the others |S| / |S₀|, in a weighted mean. Off in the paper; for sets whose labels are mostly rare.
    /// Source: Cao, Long, Wang, Yu, "HashNet", ICCV 2017, with c = 1.
    /// </summary>
    public bool BalancePairs { get; init; }

    /// <summary>Weight of the square of each bit's mean over the batch, averaged over bits; 0 in the paper. Keeps bits from being the same for every image.</summary>
    public double Balance { get; init; }

    /// <summary>
    /// Widths w whose codes shall be the first w bits of the whole: L_c is then the mean of the contrastive term of each prefix and of all k bits. Empty in the paper. Widths above k count for nothing.
    /// Source: Kusupati et al., "Matryoshka representation learning", NeurIPS 2022, for real-valued features.
    /// </summary>
    public int[] NestedBits { get; init; } = [];

    /// <summary>Weight of the list-wise term, which orders the batch around each image by labels in common, at every width of <see cref="NestedBits"/> and k; 0 in the paper.</summary>
    public double ListWise { get; init; }

    /// <summary>τ of the list-wise term's softmax over distances, in parts of the code's width: the smaller, the more only the nearest count.</summary>
    public double ListTemperature { get; init; } = 0.05;

    /// <summary>Divide L_c and L_r by k, so that a learning rate found at one width holds at another.</summary>
    public bool PerBit { get; init; }
}
