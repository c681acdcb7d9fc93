using HashGrid.CommandLine.Evaluation;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Training;

/// <summary>Held-out retrieval while training goes on: some held-out pictures against some training pictures, always the same ones.</summary>
internal sealed class Validation : IDisposable
{
    private readonly PictureSet _database, _queries;
    private readonly FeatureCache? _databaseCache, _queryCache;
    private readonly bool _ownsDatabaseCache;
    private readonly RetrievalOptions _scoring;

    /// <param name="train">Every training picture.</param>
    /// <param name="trainCache">What the frozen part gives for them, if that is kept.</param>
    /// <param name="chosen">Those of them that form the database.</param>
    /// <param name="queries">The held-out pictures.</param>
    /// <param name="net">Its frozen part is read.</param>
    /// <param name="options">What is frozen, and what makes pictures similar.</param>
    /// <param name="ct">Stops the preparation.</param>
    public Validation(PictureSet train, FeatureCache? trainCache, int[] chosen, PictureSet queries, HashNet net, TrainerOptions options, CancellationToken ct)
    {
        _scoring = new RetrievalOptions { FindingsOnly = options.FindingsOnly };
        bool all = chosen.Length == train.Images.Count;
        (_database, _queries) = (all ? train : train.Select(chosen), queries);
        if (trainCache is null)
            return;
        _ownsDatabaseCache = !all;
        _databaseCache = all ? trainCache : trainCache.Select(chosen);
        _queryCache = FeatureCache.Compute(net, queries, options with { Views = 1 }, ct);
    }

    /// <summary>At most <paramref name="most"/> positions, ascending; the same for the same seed.</summary>
    public static int[] Choose(int count, int most, int seed)
    {
        int[] positions = [.. Enumerable.Range(0, count)];
        if (count <= most)
            return positions;
        new Random(seed).Shuffle(positions);
        return [.. positions.Take(most).Order()];
    }

    /// <summary>Scores of the codes cut to each width, in their order.</summary>
    public IReadOnlyList<RetrievalScores> Measure(HashNet net, IEnumerable<int> widths, CancellationToken ct)
    {
        float[] stored = Evaluator.Codes(net, _database, _databaseCache), asked = Evaluator.Codes(net, _queries, _queryCache);
        return [.. widths.Select(bits => Score(new CodeWidth(bits)))];

        RetrievalScores Score(CodeWidth width) => CodeRetrieval.Score(
            width, _queries.Images, CodePacking.Pack(asked, width, net.Options.Bits), _database.Images, CodePacking.Pack(stored, width, net.Options.Bits), ct, _scoring);
    }

    public void Dispose()
    {
        _queryCache?.Dispose();
        if (_ownsDatabaseCache)
            _databaseCache?.Dispose();
    }
}
