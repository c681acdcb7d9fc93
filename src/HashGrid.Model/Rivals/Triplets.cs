using HashGrid.Model.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>One positive and one negative for each picture, drawn once, as ATH has it.</summary>
internal static class Triplets
{
    private const int Block = 512;

    /// <summary>Anchor, positive and negative of each picture that has both, in the order of the pictures.</summary>
    /// <param name="labels">[N, C], 0 or 1.</param>
    /// <param name="known">[N, C]; a pair whose similarity hangs on an unknown label takes part in no triplet.</param>
    /// <param name="seed">Decides what is drawn.</param>
    /// <param name="cancellation">Stops between rows.</param>
    /// <remarks>
    /// Pictures with the same row of labels are similar to the same others, and such rows are few: they are compared, block by block, not the N² pairs of pictures. So a large set takes
    /// memory for some lists of N.
    /// </remarks>
    public static (int Query, int Positive, int Negative)[] Draw(Tensor labels, Tensor known, int seed, CancellationToken cancellation = default)
    {
        int[][] groups = Groups(labels, known);
        using DisposeScope scope = NewDisposeScope();
        Tensor first = tensor(Array.ConvertAll(groups, pictures => (long)pictures[0]));
        (Tensor rows, Tensor sure) = (labels.index_select(0, first), known.index_select(0, first)); // [G, C]
        var random = new Random(seed);
        var triplets = new List<(int Query, int Positive, int Negative)>();
        for (int start = 0; start < groups.Length; start += Block)
        {
            int count = Math.Min(Block, groups.Length - start);
            (bool[] similar, bool[] certain) = Compare(rows, sure, start, count);
            for (int row = 0; row < count; row++)
            {
                cancellation.ThrowIfCancellationRequested();
                int at = row * groups.Length;
                int[] near = [.. groups.Where((_, other) => certain[at + other] && similar[at + other]).SelectMany(pictures => pictures)];
                int[] far = [.. groups.Where((_, other) => certain[at + other] && !similar[at + other]).SelectMany(pictures => pictures)];
                bool self = certain[at + start + row] && similar[at + start + row];
                int others = near.Length - (self ? 1 : 0);
                if (others == 0 || far.Length == 0)
                    continue;
                foreach (int query in groups[start + row])
                {
                    int positive = near[random.Next(others)];
                    triplets.Add((query, positive == query ? near[^1] : positive, far[random.Next(far.Length)])); // the last takes the place of the picture itself
                }
            }
        }
        return [.. triplets.OrderBy(one => one.Query)];
    }

    /// <summary>Pictures by equal rows of labels and of what is known.</summary>
    private static int[][] Groups(Tensor labels, Tensor known)
    {
        int count = (int)labels.shape[0], classes = (int)labels.shape[1];
        float[] positive = labels.data<float>().ToArray(), sure = known.data<float>().ToArray();
        return [.. Enumerable.Range(0, count)
            .GroupBy(i => string.Create(classes, i * classes, (row, start) =>
            {
                for (int c = 0; c < row.Length; c++)
                    row[c] = sure[start + c] == 0 ? '?' : positive[start + c] > 0 ? '+' : '-';
            }))
            .Select(group => group.ToArray())];
    }

    /// <summary>Some rows against all: [count, G] each. Both loss and triplets then have one rule for pairs.</summary>
    private static (bool[] Similar, bool[] Certain) Compare(Tensor rows, Tensor known, int start, int count)
    {
        using DisposeScope scope = NewDisposeScope();
        var similar = new List<Tensor>();
        var certain = new List<Tensor>();
        for (long other = 0; other < rows.shape[0]; other += Block)
        {
            long others = Math.Min(Block, rows.shape[0] - other);
            Tensor Both(Tensor all) => cat([all.narrow(0, start, count), all.narrow(0, other, others)]);
            (Tensor alike, Tensor sure) = HashLoss.Pairs(Both(rows), Both(known));                 // [count + others, count + others]
            similar.Add(alike.narrow(0, 0, count).narrow(1, count, others));
            certain.Add(sure.narrow(0, 0, count).narrow(1, count, others));
        }
        return (cat(similar, 1).contiguous().data<bool>().ToArray(), cat(certain, 1).contiguous().data<bool>().ToArray());
    }
}
