using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Losses;

/// <summary>A list-wise term: for each image the others of the batch, nearest first, should be those that share most labels.</summary>
/// <remarks>
/// Pairs alone know similar and not similar, and count each pair alike; retrieval is scored by order, with a gain of 2^s − 1 for s shared labels, and the first places
/// count most. Distances are soft: d_ij = (k − tanh u_i · tanh u_j) / 2, the Hamming distance of codes that are ±1. Cross entropy between the gains, scaled to sum 1, and the softmax of
/// −d_ij / (τ k) over j ≠ i. After Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007.
/// </remarks>
internal static class ListLoss
{
    /// <summary>The mean over the images that are similar to at least one other; 0 if there is none.</summary>
    /// <param name="code">u [N, w].</param>
    /// <param name="shared">Labels in common [N, N].</param>
    /// <param name="certain">Whether it is known that there is any [N, N] bool; other pairs are left out. A pair that surely shares one label and may share another counts those that are sure.</param>
    /// <param name="temperature">τ, in parts of the width.</param>
    public static Tensor Compute(Tensor code, Tensor shared, Tensor certain, double temperature)
    {
        Tensor listed = certain.logical_and(eye(code.shape[0], device: code.device).to_type(ScalarType.Bool).logical_not()); // [N, N] bool
        Tensor soft = code.tanh();                                                                                 // [N, w]
        return Lists(soft, soft, shared, listed, temperature);
    }

    /// <summary>The same for queries and a database of their own.</summary>
    /// <param name="queries">Soft codes, −1 to 1 [Q, w].</param>
    /// <param name="database">Soft codes [N, w].</param>
    /// <param name="shared">Labels in common [Q, N].</param>
    /// <param name="listed">Which pairs are compared [Q, N] bool.</param>
    /// <param name="temperature">τ, in parts of the width.</param>
    public static Tensor Lists(Tensor queries, Tensor database, Tensor shared, Tensor listed, double temperature)
    {
        const float Never = -1e9f;
        long width = queries.shape[1];
        Tensor distance = (width - queries.mm(database.t())) / 2;                                                  // [Q, N]
        Tensor logits = (distance / (-temperature * width)).masked_fill(listed.logical_not(), Never);
        Tensor gain = (pow(2, shared) - 1).masked_fill(listed.logical_not(), 0);                                   // [Q, N]
        Tensor sum = gain.sum(1, keepdim: true);                                                                   // [Q, 1]
        Tensor asked = (sum.squeeze(1) > 0).to_type(ScalarType.Float32);                                           // [Q]
        Tensor each = -(gain / sum.clamp_min(1e-9) * functional.log_softmax(logits, 1)).sum(1);                    // [Q]
        return (each * asked).sum() / asked.sum().clamp_min(1);
    }
}
