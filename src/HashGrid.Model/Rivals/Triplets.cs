using HashGrid.Model.Losses;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>One positive and one negative for each picture, drawn once, as ATH has it.</summary>
internal static class Triplets
{
    /// <summary>Anchor, positive and negative of each picture that has both.</summary>
    public static (int Query, int Positive, int Negative)[] Draw(Tensor labels, Tensor known, int seed)
    {
        (Tensor similar, Tensor certain) = HashLoss.Pairs(labels, known);
        bool[] alike = similar.data<bool>().ToArray(), sure = certain.data<bool>().ToArray();
        int count = (int)labels.shape[0];
        var random = new Random(seed);
        var triplets = new List<(int, int, int)>();
        for (int i = 0; i < count; i++)
        {
            int[] others = [.. Enumerable.Range(0, count).Where(j => j != i && sure[i * count + j])];
            int[] near = [.. others.Where(j => alike[i * count + j])], far = [.. others.Where(j => !alike[i * count + j])];
            if (near.Length > 0 && far.Length > 0)
                triplets.Add((i, near[random.Next(near.Length)], far[random.Next(far.Length)]));
        }
        return [.. triplets];
    }
}
