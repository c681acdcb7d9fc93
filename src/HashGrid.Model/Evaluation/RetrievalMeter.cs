namespace HashGrid.Model.Evaluation;

/// <summary>Collects one ranking per query and computes mAP, nDCG@100 and P@10. Not thread-safe.</summary>
/// <param name="linearGain">nDCG's gain is the number of shared labels s, in place of 2^s − 1.</param>
/// <remarks>Expectation over ties: McSherry and Najork, "Computing information retrieval performance measures efficiently in the presence of tied scores", ECIR 2008.</remarks>
public sealed class RetrievalMeter(bool linearGain = false)
{
    private const int Cutoff = 100;
    private readonly List<(string Patient, double[] Values)> _queries = [];
    private int _leftOut;

    /// <summary>Adds one query's full ranking of the database.</summary>
    /// <param name="patient">Whose query it is; intervals resample patients.</param>
    /// <param name="distances">Ascending, in the order of the ranking.</param>
    /// <param name="shared">Labels that each item of the ranking shares with the query; 0: not relevant.</param>
    /// <exception cref="ArgumentException">The spans differ in length, or the distances do not ascend.</exception>
    public void Add(string patient, ReadOnlySpan<int> distances, ReadOnlySpan<int> shared)
    {
        if (distances.Length != shared.Length)
            throw new ArgumentException($"{distances.Length} distances, but {shared.Length} items");
        for (int i = 1; i < distances.Length; i++)
            if (distances[i] < distances[i - 1])
                throw new ArgumentException($"distance {distances[i]} at rank {i + 1} follows {distances[i - 1]}; a ranking ascends");
        int relevant = 0;
        foreach (int count in shared)
            relevant += count > 0 ? 1 : 0;
        if (relevant == 0)
        {
            _leftOut++;
            return;
        }
        double ideal = IdealGain(shared);
        int[] ranks = [.. Enumerable.Range(0, shared.Length)], one = new int[shared.Length];
        _queries.Add((patient, [
            AveragePrecision(ranks, shared, relevant), Gain(ranks, shared) / ideal, PrecisionAt10(shared),
            AveragePrecision(distances, shared, relevant), Gain(distances, shared) / ideal, AveragePrecision(one, shared, relevant),
            CutPrecision(shared, 10, relevant), FoundPrecision(shared, Cutoff)]));
    }

    /// <summary>Average precision, nDCG@100 and average precision of the first 10 of each query that counts, in the order of adding: what two methods are compared by, query by query.</summary>
    public IReadOnlyList<QueryScore> PerQuery => [.. _queries.Select(query => new QueryScore(query.Patient, query.Values[0], query.Values[1], query.Values[6]))];

    /// <summary>Means over all queries.</summary>
    /// <param name="seed">Seed of the bootstrap, 1000 rounds.</param>
    /// <exception cref="InvalidOperationException">No query has a relevant item.</exception>
    public RetrievalScores Scores(int seed = 1)
    {
        if (_queries.Count == 0)
            throw new InvalidOperationException($"none of {_leftOut} queries has a relevant item in the database");
        double[] mean = [.. Enumerable.Range(0, 8).Select(i => _queries.Average(query => query.Values[i]))];
        (double low, double high) = Bootstrap(seed, 0);
        (double ndcgLow, double ndcgHigh) = Bootstrap(seed, 1);
        return new RetrievalScores(mean[0], mean[1], mean[2], mean[3], mean[4], mean[5], _queries.Count, _leftOut, low, high)
        {
            Ndcg100Low = ndcgLow,
            Ndcg100High = ndcgHigh,
            MapAt10 = mean[6],
            MapAt100Found = mean[7],
        };
    }

    /// <summary>Expected average precision; items of equal key are in random order. R = all relevant in the database.</summary>
    private static double AveragePrecision(ReadOnlySpan<int> keys, ReadOnlySpan<int> shared, int relevant)
    {
        double sum = 0;
        int before = 0;
        for (int start = 0, end; start < keys.Length; start = end)
        {
            (end, int hits) = Block(keys, shared, start);
            int size = end - start;
            for (int i = 0; i < size && hits > 0; i++)
            {
                double others = size == 1 ? 0 : (double)i * (hits - 1) / (size - 1); // relevant ones expected ahead within the block, given that this one is
                sum += (double)hits / size * (before + others + 1) / (start + i + 1);
            }
            before += hits;
        }
        return sum / relevant;
    }

    private double Worth(int shared) => linearGain ? shared : Math.Pow(2, shared) - 1;

    private double Gain(ReadOnlySpan<int> keys, ReadOnlySpan<int> shared)
    {
        double sum = 0;
        for (int start = 0, end; start < Math.Min(Cutoff, keys.Length); start = end)
        {
            (end, _) = Block(keys, shared, start);
            double gain = 0, discount = 0;
            for (int i = start; i < end; i++)
            {
                gain += Worth(shared[i]);
                discount += i < Cutoff ? 1 / Math.Log2(i + 2) : 0;
            }
            sum += gain / (end - start) * discount;
        }
        return sum;
    }

    private double IdealGain(ReadOnlySpan<int> shared)
    {
        int[] best = shared.ToArray();
        Array.Sort(best, (a, b) => b.CompareTo(a));
        double sum = 0;
        for (int i = 0; i < Math.Min(Cutoff, best.Length); i++)
            sum += Worth(best[i]) / Math.Log2(i + 2);
        return sum;
    }

    private static double PrecisionAt10(ReadOnlySpan<int> shared)
    {
        int hits = 0, count = Math.Min(10, shared.Length);
        for (int i = 0; i < count; i++)
            hits += shared[i] > 0 ? 1 : 0;
        return (double)hits / count;
    }

    /// <summary>AP of the first <paramref name="count"/>, over the most that could be there.</summary>
    private static double CutPrecision(ReadOnlySpan<int> shared, int count, int relevant) => PrecisionSum(shared, count).Sum / Math.Min(relevant, count);

    /// <summary>AP of the first <paramref name="count"/>, over those found there; 0 if there are none.</summary>
    private static double FoundPrecision(ReadOnlySpan<int> shared, int count) =>
        PrecisionSum(shared, count) is { Hits: > 0 } found ? found.Sum / found.Hits : 0;

    private static (double Sum, int Hits) PrecisionSum(ReadOnlySpan<int> shared, int count)
    {
        double sum = 0;
        int hits = 0;
        for (int i = 0; i < Math.Min(count, shared.Length); i++)
            if (shared[i] > 0)
                sum += (double)++hits / (i + 1);
        return (sum, hits);
    }

    private static (int End, int Hits) Block(ReadOnlySpan<int> keys, ReadOnlySpan<int> shared, int start)
    {
        int end = start, hits = 0;
        for (; end < keys.Length && keys[end] == keys[start]; end++)
            hits += shared[end] > 0 ? 1 : 0;
        return (end, hits);
    }

    private (double Low, double High) Bootstrap(int seed, int value)
    {
        var random = new Random(seed);
        (double Sum, int Count)[] patients = [.. _queries.GroupBy(query => query.Patient).Select(group => (group.Sum(query => query.Values[value]), group.Count()))];
        double[] means = new double[1000];
        for (int round = 0; round < means.Length; round++)
        {
            double sum = 0;
            int count = 0;
            for (int i = 0; i < patients.Length; i++)
            {
                (double part, int queries) = patients[random.Next(patients.Length)];
                (sum, count) = (sum + part, count + queries);
            }
            means[round] = sum / count;
        }
        Array.Sort(means);
        return (means[25], means[974]);
    }
}
