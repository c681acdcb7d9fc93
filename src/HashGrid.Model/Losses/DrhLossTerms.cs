using static TorchSharp.torch;

namespace HashGrid.Model.Losses;

/// <summary>The loss of deep residual hashing and its parts, scalars.</summary>
/// <param name="Retrieval">J_S = 1 − (1/N) Σ_i Σ_j s_ij p_ij, N without items of which no pair is certain.</param>
/// <param name="Quantisation">J_Q = Σ ln cosh(|h| − 1), mean over items and bits.</param>
/// <param name="Balance">J_B = −tr(H Hᵀ) / 2N, over bits.</param>
/// <param name="Orthogonality">½ ‖W Wᵀ − I‖²_F, over rows.</param>
/// <param name="Total">The weighted sum.</param>
public sealed record DrhLossTerms(Tensor Retrieval, Tensor Quantisation, Tensor Balance, Tensor Orthogonality, Tensor Total);
