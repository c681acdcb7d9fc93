using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>Deep hashing without labels: tanh layers whose output is near its own signs, spread, and near orthogonal.</summary>
/// <remarks>
/// J = ½ ‖B − H‖²_F − (λ₁ / 2N) tr(H Hᵀ) + (λ₂ / 2) Σ ‖W Wᵀ − I‖²_F + (λ₃ / 2) Σ (‖W‖² + ‖c‖²), B = sign(H).
/// The published λ₂ hardly acts beside λ₁ = 100: that layers are near orthogonal comes from where they start.
/// Source: Erin Liong, Lu, Wang, Moulin, Zhou, "Deep hashing for compact binary codes learning", CVPR 2015; rule to stop from memory.
/// </remarks>
public static class DhFit
{
    private const double Lambda1 = 100, Lambda2 = 0.001, Lambda3 = 0.001, StopBelow = 1e-4;

    /// <summary>Sets mean, scale and first layer by principal components, the other layers to truncated identities, then descends J until it changes by less than 0.0001 of itself.</summary>
    /// <param name="net">Of method DH; its layers are learnt in place.</param>
    /// <param name="pooled">X [N, D].</param>
    /// <param name="iterations">Most steps.</param>
    /// <param name="rate">Step over N: J is a sum over pictures.</param>
    /// <param name="orthogonality">λ₂.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>J before each step.</returns>
    /// <exception cref="ArgumentException">Fewer pictures than the first layer's units.</exception>
    public static IReadOnlyList<double> Fit(PooledNet net, Tensor pooled, int iterations = 300, double rate = 0.01, double orthogonality = Lambda2, CancellationToken cancellation = default)
    {
        Start(net, pooled);
        var objective = new List<double>();
        (string Name, TorchSharp.Modules.Parameter Value)[] learned = [.. net.Table.Parameters.Where(one => !one.Name.StartsWith("trunk.", StringComparison.Ordinal))];
        using var descent = new ParameterOptimizer(learned.Select(one => (one.Name, one.Value, 1.0)), new TrainerOptions { Momentum = 0, WeightDecay = 0, ClipNorm = double.MaxValue });
        while (objective.Count < iterations)
        {
            cancellation.ThrowIfCancellationRequested();
            using CollectorPause pause = CollectorPause.Begin();
            using DisposeScope scope = NewDisposeScope();
            descent.ZeroGradients();
            Tensor loss = Objective(net, pooled, orthogonality);
            loss.backward();
            double value = loss.item<float>();
            if (objective is [.., double last] && Math.Abs(value - last) < StopBelow * Math.Abs(last))
                break;
            objective.Add(value);
            descent.Step(rate / pooled.shape[0]);
        }
        return objective;
    }

    /// <summary>J of the model on X [N, D].</summary>
    public static Tensor Objective(PooledNet net, Tensor pooled, double orthogonality = Lambda2)
    {
        Tensor h = net.Head(pooled);                                                               // H [N, k]
        Tensor b = ItqFit.Signs(h.detach());
        Tensor j = 0.5 * (b - h).square().sum() - Lambda1 / (2.0 * pooled.shape[0]) * h.square().sum();
        foreach (string name in net.WeightNames)
        {
            Tensor weight = net.Table[name], bias = net.Table[name.Replace(".weight", ".bias", StringComparison.Ordinal)];
            j = j + orthogonality / 2 * (weight.mm(weight.t()) - eye(weight.shape[0], device: weight.device)).square().sum()
                + Lambda3 / 2 * (weight.square().sum() + bias.square().sum());
        }
        return j;
    }

    private static void Start(PooledNet net, Tensor pooled)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        Tensor x = pooled.to_type(ScalarType.Float64), mean = x.mean([0]);
        string first = net.WeightNames[0];
        Tensor components = PrincipalComponents.Of(x - mean, (int)net.Table[first].shape[0]);      // [D, h]
        Tensor scale = (x - mean).mm(components).square().mean().sqrt().clamp_min(1e-12);          // tanh then works where it bends
        net.Table["pooled.mean"].copy_(mean);
        net.Table["pooled.scale"].copy_(scale.view(1));
        net.Table[first].copy_(components.t());
        foreach (string name in net.WeightNames.Skip(1))
            net.Table[name].copy_(eye(net.Table[name].shape[0], net.Table[name].shape[1]));
    }
}
