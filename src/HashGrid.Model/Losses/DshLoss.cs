using static TorchSharp.torch;

namespace HashGrid.Model.Losses;

/// <summary>The loss of deep supervised hashing: pairs on squared distance, and a pull towards ±1.</summary>
/// <remarks>Source: Liu, Wang, Shan, Chen, "Deep supervised hashing for fast image retrieval", CVPR 2016, eq. 4.</remarks>
public static class DshLoss
{
    /// <summary>Mean over pairs i &lt; j of ½ (1 − y) D² + ½ y max(m − D², 0) + α (‖|u_i| − 1‖₁ + ‖|u_j| − 1‖₁).</summary>
    /// <param name="code">u [N, k].</param>
    /// <param name="similar">[N, N] bool; y is 0 there, 1 elsewhere.</param>
    /// <param name="certain">[N, N] bool: pairs that count.</param>
    /// <param name="alpha">0.01 in the paper.</param>
    /// <param name="margin">m, in units of D²; null: 2k, the squared distance of ±1 codes that differ in half their bits.</param>
    public static Tensor Compute(Tensor code, Tensor similar, Tensor certain, double alpha = 0.01, double? margin = null)
    {
        long n = code.shape[0], k = code.shape[1];
        Tensor pairs = certain.logical_and(ones(n, n, device: code.device).triu(1).to_type(ScalarType.Bool)).to_type(ScalarType.Float32);
        Tensor alike = similar.to_type(ScalarType.Float32);
        Tensor squared = (code.unsqueeze(1) - code.unsqueeze(0)).square().sum(2);                  // D² [N, N]
        Tensor away = (code.abs() - 1).abs().sum(1);                                               // [N]
        Tensor each = 0.5 * alike * squared + 0.5 * (1 - alike) * ((margin ?? 2 * k) - squared).clamp_min(0)
            + alpha * (away.unsqueeze(1) + away.unsqueeze(0));
        return (each * pairs).sum() / pairs.sum().clamp_min(1);
    }
}
