using static TorchSharp.torch;

namespace HashGrid.Model.Losses;

/// <summary>The loss of deep residual hashing: neighbourhood components over soft Hamming distances, with codes near ±1, balanced, from an orthogonal layer.</summary>
/// <remarks>Source: Conjeti, Guha Roy, Katouzian, Navab, "Hashing with residual networks for image retrieval", MICCAI 2017; arXiv 1612.05400. Form of the terms from memory, weights ours.</remarks>
public static class DrhLoss
{
    /// <summary>Computes the loss of one batch.</summary>
    /// <param name="code">h [N, k], −1 to 1 (after tanh).</param>
    /// <param name="weight">W [k, D] of the hash layer.</param>
    /// <param name="similar">[N, N] bool.</param>
    /// <param name="certain">[N, N] bool: pairs that count. The others are left out of the softmax, neither near nor far; an item without any pair adds nothing.</param>
    /// <param name="options">Weights of the terms.</param>
    public static DrhLossTerms Compute(Tensor code, Tensor weight, Tensor similar, Tensor certain, DrhLossOptions options)
    {
        long n = code.shape[0], k = code.shape[1];
        Tensor distance = 0.5 * (k - code.mm(code.t()));                                            // soft Hamming distance [N, N]
        const float Never = -1e9f;                                                                 // not −∞: a row of nothing else has a softmax, too
        Tensor listed = certain.logical_and(eye(n, device: code.device).to_type(ScalarType.Bool).logical_not()); // j ≠ i
        Tensor p = (-distance).masked_fill(listed.logical_not(), Never).softmax(1);
        Tensor asked = listed.any(1).to_type(ScalarType.Float32).sum().clamp_min(1);
        Tensor retrieval = 1 - (p * similar.logical_and(listed).to_type(ScalarType.Float32)).sum() / asked;
        Tensor away = code.abs() - 1;
        Tensor quantisation = (away.exp() + (-away).exp()).log().mean() - Math.Log(2);             // ln cosh
        Tensor balance = -0.5 * code.square().mean();
        Tensor orthogonality = 0.5 * (weight.mm(weight.t()) - eye(k, device: code.device)).square().sum() / k;
        Tensor total = retrieval + options.Quantisation * quantisation + options.Balance * balance + options.Orthogonality * orthogonality;
        return new DrhLossTerms(retrieval, quantisation, balance, orthogonality, total);
    }
}
