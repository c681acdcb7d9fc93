using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>Blends feature maps within a batch, so that the network does not learn each picture by heart too soon.</summary>
public static class MapMixing
{
    /// <summary>λ F_i + (1 − λ) F_p(i), λ of ½ to 1 and the order p drawn once a batch.</summary>
    /// <param name="map">[n, K, H, W]; a new tensor of this shape comes back.</param>
    /// <param name="random">Decides λ and p.</param>
    /// <param name="shape">β above 0, at most 1; λ or 1 − λ is distributed as Beta(β, β): the smaller, the nearer λ is to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="shape"/> is not above 0 and at most 1.</exception>
    public static Tensor Apply(Tensor map, Random random, double shape)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shape);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shape, 1);
        double kept = Beta(random, shape);
        kept = Math.Max(kept, 1 - kept);
        long[] partners = new long[map.shape[0]];
        for (int i = 0; i < partners.Length; i++)
            partners[i] = i;
        random.Shuffle(partners);
        return kept * map + (1 - kept) * map.index_select(0, tensor(partners, device: map.device));
    }

    /// <summary>Beta(a, a) by Jöhnk's rejection (1964), in logarithms: a small shape underflows powers. Above a = 1 it would rarely accept.</summary>
    private static double Beta(Random random, double shape)
    {
        while (true)
        {
            double x = Math.Log(1 - random.NextDouble()) / shape, y = Math.Log(1 - random.NextDouble()) / shape, largest = Math.Max(x, y);
            double sum = largest + Math.Log(Math.Exp(x - largest) + Math.Exp(y - largest)); // ln(u^(1/a) + v^(1/a))
            if (sum <= 0)
                return Math.Exp(x - sum);
        }
    }
}
