using static TorchSharp.torch;

namespace HashGrid.Model.Losses;

/// <summary>The joint loss and its parts, scalars.</summary>
/// <param name="Contrastive">L_c.</param>
/// <param name="Regulariser">L_r.</param>
/// <param name="Classification">L_cb; zero without labels.</param>
/// <param name="Total">L = L_c + α L_r + β L_cb.</param>
public sealed record HashLossTerms(Tensor Contrastive, Tensor Regulariser, Tensor Classification, Tensor Total);
