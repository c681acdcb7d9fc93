using static TorchSharp.torch;

namespace HashGrid.Model.Losses;

/// <summary>The paper's joint loss (eq. 8 to 12), with a mask for labels that are not known.</summary>
public static class HashLoss
{
    /// <summary>Computes the loss of one batch.</summary>
    /// <param name="code">u [N, k].</param>
    /// <param name="logits">[N, C], or null to leave the classification term out.</param>
    /// <param name="labels">[N, P], 0 or 1: the C classes of <paramref name="logits"/>, then labels that count for pairs alone, such as "No Finding" (<see cref="Datasets.PairLabels.Columns"/>). A pair is similar when it shares one of the P.</param>
    /// <param name="options">Weights.</param>
    /// <param name="known">[N, P], 1 where the label is known, 0 where it is not; null: all known.</param>
    /// <param name="targets">[N, C], 0 to 1: what the classification term learns in place of the labels, such as a teacher's scores; null: the labels. Pairs go by the labels.</param>
    public static HashLossTerms Compute(Tensor code, Tensor? logits, Tensor labels, HashLossOptions options, Tensor? known = null, Tensor? targets = null)
    {
        long n = code.shape[0], k = code.shape[1];
        (Tensor shared, Tensor certain) = Shared(labels, known);                                   // [N, N], [N, N] bool
        Tensor similar = shared > 0;                                                               // [N, N] bool
        Tensor pairs = certain.logical_and(ones(n, n, device: code.device).triu(1).to_type(ScalarType.Bool)).to_type(ScalarType.Float32); // i < j
        Tensor y = similar.logical_not().to_type(ScalarType.Float32);                              // 0 similar, 1 not
        if (options.BalancePairs)
            pairs = Balanced(pairs * (1 - y)) + Balanced(pairs * y);

        long[] widths = [.. options.NestedBits.Select(width => (long)width).Append(k).Where(width => width <= k).Distinct()];
        Tensor contrastive = stack([.. widths.Select(width => Contrastive(code.narrow(1, 0, width), y, pairs, options))]).mean();
        Tensor regulariser = (code.abs() - 1).abs().sum(1).mean();                                 // eq. 10, on |u|
        if (options.PerBit)
            regulariser = regulariser / k;

        Tensor classification = zeros(1, device: code.device).sum();
        if (logits is not null)
        {
            long classes = logits.shape[1];
            Tensor each = CrossEntropy(logits, targets ?? labels.narrow(1, 0, classes));           // eq. 11 [N, C]
            classification = (known is null ? each : each * known.narrow(1, 0, classes)).sum(1).mean();
        }
        Tensor total = contrastive + options.Alpha * regulariser + options.Beta * classification; // eq. 12
        if (options.Balance > 0)
            total = total + options.Balance * code.mean([0]).square().mean();
        if (options.ListWise > 0)
            total = total + options.ListWise * stack([.. widths.Select(width => ListLoss.Compute(code.narrow(1, 0, width), shared, certain, options.ListTemperature))]).mean();
        return new HashLossTerms(contrastive, regulariser, classification, total);
    }

    /// <summary>Weights of one kind of pairs that add up to 1.</summary>
    private static Tensor Balanced(Tensor pairs) => pairs / pairs.sum().clamp_min(1);

    /// <summary>Eq. 8 over the chosen pairs: u [N, w]; y [N, N], 0 or 1; pairs [N, N], their weights.</summary>
    private static Tensor Contrastive(Tensor code, Tensor y, Tensor pairs, HashLossOptions options)
    {
        long width = code.shape[1];
        double margin = options.Margin ?? Math.Sqrt(2 * width);
        Tensor squared = (code.unsqueeze(1) - code.unsqueeze(0)).square().sum(2);                  // D² [N, N]
        Tensor distance = (squared + 1e-12).sqrt();                                                // a gradient at 0
        Tensor pair = 0.5 * (1 - y) * squared + 0.5 * y * (margin - distance).clamp_min(0).square();
        Tensor mean = (pair * pairs).sum() / pairs.sum().clamp_min(1);
        return options.PerBit ? mean / width : mean;
    }

    /// <summary>−t ln σ(z) − (1 − t) ln(1 − σ(z)) from logits z, as max(z, 0) − z t + ln(1 + e^−|z|).</summary>
    /// <remarks>max(z, 0) is written (z + |z|) / 2: its derivative at 0 is then ½, and that of the whole ½ − t as it should be. A hidden layer that is silent for a picture gives logits of exactly 0 at the start.</remarks>
    internal static Tensor CrossEntropy(Tensor logits, Tensor targets)
    {
        Tensor size = logits.abs();
        return 0.5 * (logits + size) - logits * targets + (-size).exp().log1p();
    }

    /// <summary>Which pairs are similar, and of which that is certain: a pair whose similarity hangs on an unknown label is not.</summary>
    public static (Tensor Similar, Tensor Certain) Pairs(Tensor labels, Tensor? known)
    {
        (Tensor shared, Tensor certain) = Shared(labels, known);
        return (shared > 0, certain);
    }

    /// <summary>How many labels each pair shares, and where it is certain whether there is any.</summary>
    internal static (Tensor Shared, Tensor Certain) Shared(Tensor labels, Tensor? known)
    {
        Tensor positive = known is null ? labels : labels * known;                                 // [N, P]
        Tensor shared = positive.mm(positive.t());                                                 // [N, N]
        Tensor similar = shared > 0;
        if (known is null)
            return (shared, ones_like(similar));
        Tensor possible = positive + 1 - known;                                                    // [N, P]
        return (shared, similar.logical_or(possible.mm(possible.t()) == 0));
    }
}
