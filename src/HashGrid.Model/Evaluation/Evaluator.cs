using HashGrid.Model.Datasets;
using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Evaluation;

/// <summary>Computes codes of pictures and scores their retrieval.</summary>
public static class Evaluator
{
    /// <summary>u [N, k] of every picture in inference mode, row by row.</summary>
    /// <param name="net">The network.</param>
    /// <param name="pictures">In order.</param>
    /// <param name="cache">What the frozen part gives for them, if it is at hand.</param>
    public static float[] Codes(HashNet net, PictureSet pictures, FeatureCache? cache = null)
    {
        using IDisposable inference = no_grad();
        (net.Training, net.TrunkTraining) = (false, false);
        var values = new List<float>();
        foreach (int[] chunk in Enumerable.Range(0, pictures.Images.Count).Chunk(16))
        {
            using DisposeScope scope = NewDisposeScope();
            values.AddRange((cache is null ? net.Forward(pictures.Pixels(chunk, net.Device)) : net.Head(cache.Map(net, chunk, null))).Code.cpu().contiguous().data<float>().ToArray());
        }
        return [.. values];
    }

    /// <summary>Scores codes by exhaustive ranking; order (distance, database position).</summary>
    /// <param name="queries">The queries' pictures.</param>
    /// <param name="queryCodes">u ≥ 0 is a bit; rows of <paramref name="bits"/>.</param>
    /// <param name="database">The stored pictures.</param>
    /// <param name="databaseCodes">Their codes.</param>
    /// <param name="bits">k.</param>
    public static RetrievalScores Score(IReadOnlyList<LabelledImage> queries, float[] queryCodes, IReadOnlyList<LabelledImage> database, float[] databaseCodes, int bits)
    {
        var meter = new RetrievalMeter();
        int[] distances = new int[database.Count], items = new int[database.Count];
        for (int q = 0; q < queries.Count; q++)
        {
            for (int d = 0; d < database.Count; d++)
            {
                items[d] = d;
                distances[d] = 0;
                for (int b = 0; b < bits; b++)
                    distances[d] += queryCodes[q * bits + b] >= 0 != databaseCodes[d * bits + b] >= 0 ? 1 : 0;
            }
            int[] order = [.. items.OrderBy(d => distances[d])]; // stable
            meter.Add(queries[q].Patient, Array.ConvertAll(order, d => distances[d]), Array.ConvertAll(order, d => PairLabels.Shared(queries[q], database[d])));
        }
        return meter.Scores();
    }
}
