using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>Ridge regression from pooled trunk features to findings, cross-fitted: what a linear model says of a picture whose patient it has not seen.</summary>
/// <remarks>
/// With few pictures it ranks unseen patients better than the network's convolutions do, so its scores are worth learning from; they also keep the network from learning mined, noisy labels by heart too soon.
/// Distillation: Hinton, Vinyals, Dean, arXiv:1503.02531 (2015).
/// </remarks>
public static class RidgeTeacher
{
    private const int Folds = 10;

    /// <summary>Pools a feature map as the teacher sees it: mean and maximum of every channel; [N, K, H, W] → [N, 2 K].</summary>
    public static Tensor Pool(Tensor map) => cat([map.mean([2, 3]), map.amax([2, 3])], 1);

    /// <summary>Scores every picture by a model fitted on the other nine tenths of the patients.</summary>
    /// <param name="features">X [N, D]; standardised inside.</param>
    /// <param name="labels">Y [N, C], 0 or 1.</param>
    /// <param name="known">[N, C]; 0 where a label is unknown: it then counts as its class's mean.</param>
    /// <param name="patients">Of each picture; a patient's pictures are never on both sides.</param>
    /// <param name="ridge">λ in W = (Xᵀ X + λ I)⁻¹ Xᵀ (Y − mean). 3000 was best of 3000, 10 000 and 30 000 for 590 pictures of 2560 features.</param>
    /// <returns>[N, C] of 0.01 to 0.99.</returns>
    /// <remarks>Ten Cholesky decompositions of D × D: about a second for D = 2560.</remarks>
    public static Tensor Predict(Tensor features, Tensor labels, Tensor known, IReadOnlyList<string> patients, double ridge = 3000)
    {
        using IDisposable frozen = no_grad();
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        return CrossFit(Standardise(features).Standard, labels, known, patients, ridge).clamp(0.01, 0.99).MoveToOuterDisposeScope();
    }

    /// <summary>The model fitted on all pictures, and the cross-fitted scores beside it.</summary>
    /// <inheritdoc cref="Predict"/>
    /// <returns>Weights [D, C] and offset [C] of the features as given, less each class's mean; that mean [C]; cross-fitted scores [N, C], means included, not clamped.</returns>
    internal static (Tensor Weights, Tensor Offset, Tensor Mean, Tensor Unseen) Fit(Tensor features, Tensor labels, Tensor known, IReadOnlyList<string> patients, double ridge = 3000)
    {
        using IDisposable frozen = no_grad();
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        (Tensor x, Tensor centre, Tensor scale) = Standardise(features);
        (Tensor standard, Tensor mean) = Solve(x, labels, known, ridge);
        Tensor weights = standard / scale.unsqueeze(1);
        return (weights.MoveToOuterDisposeScope(), (-centre.matmul(weights)).MoveToOuterDisposeScope(), mean.MoveToOuterDisposeScope(),
            CrossFit(x, labels, known, patients, ridge).MoveToOuterDisposeScope());
    }

    private static Tensor CrossFit(Tensor x, Tensor labels, Tensor known, IReadOnlyList<string> patients, double ridge)
    {
        string[] names = [.. patients.Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> fold = names.Index().ToDictionary(one => one.Item, one => one.Index % Folds);
        Tensor scores = zeros_like(labels);                                                        // [N, C]
        for (int f = 0; f < Folds; f++)
        {
            using TorchSharp.DisposeScope inner = NewDisposeScope();
            Tensor Rows(bool held) => tensor(Enumerable.Range(0, patients.Count).Where(i => (fold[patients[i]] == f) == held).Select(i => (long)i).ToArray(), device: x.device);
            Tensor held = Rows(true), rest = Rows(false);
            if (held.shape[0] == 0)
                continue;
            (Tensor weights, Tensor mean) = Solve(x.index_select(0, rest), labels.index_select(0, rest), known.index_select(0, rest), ridge);
            scores.index_copy_(0, held, x.index_select(0, held).mm(weights) + mean);
        }
        return scores;
    }

    private static (Tensor Weights, Tensor Mean) Solve(Tensor x, Tensor labels, Tensor known, double ridge)
    {
        Tensor mean = (labels * known).sum([0]) / known.sum([0]).clamp_min(1);                     // [C]; sum(0) would read 0 as a type and add up everything
        Tensor factor = linalg.cholesky(x.t().mm(x) + eye(x.shape[1], device: x.device) * ridge);  // [D, D]
        return (cholesky_solve(x.t().mm((labels - mean) * known), factor), mean);                  // [D, C]
    }

    private static (Tensor Standard, Tensor Centre, Tensor Scale) Standardise(Tensor features)
    {
        Tensor centre = features.mean([0]), scale = features.std(0) + 1e-3;                        // [D]
        return ((features - centre) / scale, centre, scale);
    }
}
