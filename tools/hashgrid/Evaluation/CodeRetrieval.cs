using System.Numerics;
using HashGrid.Index;
using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Evaluation;

/// <summary>Ranks a whole database for every query with the index, and scores the rankings.</summary>
internal static class CodeRetrieval
{
    // Neighbours held at once: 64 MB.
    private const int MaxNeighbors = 4_000_000;

    /// <summary>Exact, by (distance, database position).</summary>
    /// <param name="width">Width of every code.</param>
    /// <param name="queries">What the queries show.</param>
    /// <param name="queryCodes">queries × width.Words words.</param>
    /// <param name="database">What the database shows.</param>
    /// <param name="databaseCodes">database × width.Words words.</param>
    /// <param name="ct">Stops between blocks of queries.</param>
    /// <param name="options">What counts; null: the defaults.</param>
    /// <exception cref="CommandException">No query shares a label with anything in the database.</exception>
    public static RetrievalScores Score(
        CodeWidth width, IReadOnlyList<LabelledImage> queries, ulong[] queryCodes, IReadOnlyList<LabelledImage> database, ulong[] databaseCodes, CancellationToken ct, RetrievalOptions? options = null)
    {
        var meter = new RetrievalMeter(options?.LinearGain ?? false);
        Rank(width, queries, queryCodes, database, databaseCodes, (query, distances, shared) => meter.Add(query.Patient, distances, shared), ct, options?.FindingsOnly ?? false);
        return Scores(meter);
    }

    /// <summary>Ranks the whole database for every query, by (distance, database position).</summary>
    /// <param name="width">Width of every code.</param>
    /// <param name="queries">What the queries show.</param>
    /// <param name="queryCodes">queries × width.Words words.</param>
    /// <param name="database">What the database shows.</param>
    /// <param name="databaseCodes">database × width.Words words.</param>
    /// <param name="take">Receives each query with distances and shared labels by rank, valid during the call.</param>
    /// <param name="ct">Stops between blocks of queries.</param>
    /// <param name="findingsOnly">Leave "No Finding" out of what is shared.</param>
    public static void Rank(
        CodeWidth width,
        IReadOnlyList<LabelledImage> queries,
        ulong[] queryCodes,
        IReadOnlyList<LabelledImage> database,
        ulong[] databaseCodes,
        Action<LabelledImage, int[], int[]> take,
        CancellationToken ct,
        bool findingsOnly = false)
    {
        using HammingIndex index = HammingIndex.Build(width, [], databaseCodes);
        ulong[][] queryLabels = Masks(queries, database, findingsOnly), databaseLabels = Masks(database, queries, findingsOnly);
        int all = database.Count, block = Math.Clamp(MaxNeighbors / all, 1, queries.Count);
        var neighbors = new Neighbor[block * all];
        int[] distances = new int[all], shared = new int[all];
        for (int start = 0; start < queries.Count; start += block)
        {
            ct.ThrowIfCancellationRequested();
            int count = Math.Min(block, queries.Count - start);
            index.NearestSearchBatch(
                queryCodes.AsSpan(start * width.Words, count * width.Words), all, neighbors.AsSpan(0, count * all), new SearchOptions { Threads = 0 });
            for (int query = 0; query < count; query++)
            {
                for (int rank = 0; rank < all; rank++)
                {
                    Neighbor neighbor = neighbors[(query * all) + rank];
                    distances[rank] = neighbor.Distance;
                    shared[rank] = Shared(queryLabels[start + query], databaseLabels[neighbor.Id]);
                }
                take(queries[start + query], distances, shared);
            }
        }
    }

    /// <exception cref="CommandException">No query shares a label with anything in the database.</exception>
    public static RetrievalScores Scores(RetrievalMeter meter)
    {
        try
        {
            return meter.Scores();
        }
        catch (InvalidOperationException failure)
        {
            throw new CommandException($"{failure.Message}; queries and database need labels in common");
        }
    }

    // Labels as bits: comparing names for each pair would take longer than the search.
    private static ulong[][] Masks(IReadOnlyList<LabelledImage> images, IReadOnlyList<LabelledImage> others, bool findingsOnly)
    {
        Dictionary<string, int> bits = [];
        foreach (string label in images.Concat(others).SelectMany(image => PairLabels.Of(image, findingsOnly)).Distinct().Order(StringComparer.Ordinal))
            bits.Add(label, bits.Count);
        return [.. images.Select(image =>
        {
            ulong[] mask = new ulong[(bits.Count + 63) / 64];
            foreach (string label in PairLabels.Of(image, findingsOnly))
                mask[bits[label] / 64] |= 1UL << (bits[label] % 64);
            return mask;
        })];
    }

    private static int Shared(ulong[] a, ulong[] b)
    {
        int count = 0;
        for (int word = 0; word < a.Length; word++)
            count += BitOperations.PopCount(a[word] & b[word]);
        return count;
    }
}
