using HashGrid.Model.Losses;
using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>Semi-supervised hashing, orthogonal form: b = sign(Wᵀ x).</summary>
/// <remarks>Source: Wang, Kumar, Chang, "Semi-supervised hashing for large-scale search", TPAMI 34(12), 2012, section 4.2.</remarks>
public static class SshFit
{
    /// <summary>Fits the projection.</summary>
    /// <param name="pooled">X [N, D]: every training picture.</param>
    /// <param name="labels">[N, C], 0 or 1.</param>
    /// <param name="known">[N, C]; pairs whose similarity hangs on a label that is not known have S = 0.</param>
    /// <param name="bits">k, at most D.</param>
    /// <param name="seed">Seed of the choice of labelled pictures.</param>
    /// <param name="labelled">l: pictures whose labels are used, 1000 in the paper; all if there are fewer.</param>
    /// <returns>Mean [D], W [D, k] with orthonormal columns, and M [D, D] whose trace tr(Wᵀ M W) it maximises; float64.</returns>
    /// <exception cref="ArgumentException">More bits than features.</exception>
    /// <remarks>Pairs are formed among the l labelled pictures alone. M = X_lᵀ S X_l + η XᵀX with S = 1 for similar, −1 for dissimilar, 1 on the diagonal; η makes both traces equal. Largest eigenvectors of D × D.</remarks>
    public static (Tensor Mean, Tensor Projection, Tensor Objective) Fit(Tensor pooled, Tensor labels, Tensor known, int bits, int seed = 1, int labelled = 1000)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        long count = pooled.shape[0], features = pooled.shape[1];
        if (bits > features)
            throw new ArgumentException($"{bits} bits are wanted of {features} features; at most {features} directions are orthogonal", nameof(bits));
        long[] order = [.. Enumerable.Range(0, (int)count).Select(i => (long)i)];
        new Random(seed).Shuffle(order);
        Tensor chosen = tensor(order.Take(labelled).Order().ToArray());
        Tensor x = pooled.to_type(ScalarType.Float64), mean = x.mean([0]);
        x = x - mean;
        Tensor told = x.index_select(0, chosen);                                                   // X_l [l, D]
        (Tensor similar, Tensor certain) = HashLoss.Pairs(labels.index_select(0, chosen), known.index_select(0, chosen)); // [l, l] bool
        Tensor s = (similar.to_type(ScalarType.Float64) * 2 - 1) * certain.to_type(ScalarType.Float64); // [l, l]
        s.diagonal().fill_(1);
        Tensor supervised = told.t().mm(s).mm(told), spread = x.t().mm(x);
        Tensor eta = supervised.diagonal().sum().abs() / spread.diagonal().sum().clamp_min(1e-12);
        Tensor objective = supervised + eta * spread;
        Tensor projection = PrincipalComponents.Largest(objective, bits);
        return (mean.MoveToOuterDisposeScope(), projection.MoveToOuterDisposeScope(), objective.MoveToOuterDisposeScope());
    }
}
