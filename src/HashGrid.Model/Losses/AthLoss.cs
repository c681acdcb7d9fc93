using static TorchSharp.torch;

namespace HashGrid.Model.Losses;

/// <summary>The loss of attention-based triplet hashing: triplets and the classes of all three pictures.</summary>
/// <remarks>
/// As the published code (fjssharpsword/ATH) has it: the distance is a mean over bits while the margin is a multiple of k, so ±1 codes can never meet the hinge.
/// That code knows one class a picture and takes cross entropy; several findings take the binary one.
/// </remarks>
public static class AthLoss
{
    /// <summary>Mean over triplets of max(0, margin · k − mse(q, n) + mse(q, p)), plus the mean cross entropy of q, p and n.</summary>
    /// <param name="query">u [N, k] of the anchors.</param>
    /// <param name="positive">Of pictures that share a label with them.</param>
    /// <param name="negative">Of pictures that share none.</param>
    /// <param name="margin">0.5 in the code.</param>
    public static Tensor Triplet(Tensor query, Tensor positive, Tensor negative, double margin = 0.5) =>
        (margin * query.shape[1] - (query - negative).square().mean([1]) + (query - positive).square().mean([1])).clamp_min(0).mean();

    /// <summary>Binary cross entropy from logits [N, C], summed over known classes, mean over pictures.</summary>
    public static Tensor Classes(Tensor logits, Tensor labels, Tensor known) =>
        (HashLoss.CrossEntropy(logits, labels) * known).sum(1).mean();
}
