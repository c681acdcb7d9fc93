using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>Iterative quantisation: b = sign(x W R).</summary>
/// <remarks>Source: Gong, Lazebnik, Gordo, Perronnin, "Iterative quantization", TPAMI 35(12), 2013, section 3 (with PCA).</remarks>
public static class ItqFit
{
    /// <summary>Fits the projection.</summary>
    /// <param name="pooled">X [N, D].</param>
    /// <param name="bits">k, at most min(N − 1, D).</param>
    /// <param name="seed">Seed of the first rotation.</param>
    /// <param name="iterations">50 in the paper.</param>
    /// <returns>Mean [D], W [D, k], R [k, k], and ‖B − V R‖²_F / N before the first iteration and after each; float64.</returns>
    /// <exception cref="ArgumentException">There are too few pictures for so many bits.</exception>
    /// <remarks>Each half step minimises the same error, over B and over rotations R, so it never rises. One decomposition of D × D, then of k × k an iteration.</remarks>
    public static (Tensor Mean, Tensor Projection, Tensor Rotation, IReadOnlyList<double> Errors) Fit(Tensor pooled, int bits, int seed = 1, int iterations = 50)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        using var generator = new Generator((ulong)seed);
        Tensor x = pooled.to_type(ScalarType.Float64), mean = x.mean([0]);
        Tensor projection = PrincipalComponents.Of(x - mean, bits);                                // W [D, k]
        Tensor v = (x - mean).mm(projection);                                                      // V [N, k]
        Tensor rotation = linalg.qr(randn([bits, bits], ScalarType.Float64, generator: generator)).Q; // R [k, k]
        List<double> errors = [Error(v, rotation)];
        for (int i = 0; i < iterations; i++)
        {
            using DisposeScope inner = NewDisposeScope();
            (Tensor s, _, Tensor hatTransposed) = linalg.svd(Signs(v.mm(rotation)).t().mm(v));     // S Ω Ŝᵀ = Bᵀ V
            rotation = hatTransposed.t().mm(s.t()).MoveToOuterDisposeScope();                      // R = Ŝ Sᵀ
            errors.Add(Error(v, rotation));
        }
        return (mean.MoveToOuterDisposeScope(), projection.MoveToOuterDisposeScope(), rotation.MoveToOuterDisposeScope(), errors);
    }

    /// <summary>−1 and 1, as codes have them: 0 counts as 1.</summary>
    internal static Tensor Signs(Tensor x) => where(x >= 0, ones_like(x), -ones_like(x));

    private static double Error(Tensor v, Tensor rotation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rotated = v.mm(rotation);
        return (Signs(rotated) - rotated).square().sum().item<double>() / v.shape[0];
    }
}
