using System.Diagnostics;
using HashGrid.Index;

namespace HashGrid.CommandLine.Commands;

/// <summary>All queries of a file against one index, block by block, timing only the searches.</summary>
internal sealed class FileSearch(HammingIndex index, ulong[] queries, int k, int? within, SearchOptions options)
{
    // Neighbours kept before they are handed on: 64 MiB.
    private const int BlockNeighbors = 4 << 20;

    private readonly long[] _used = new long[Enum.GetValues<SearchEngine>().Length];

    public delegate void Receive(ReadOnlySpan<Neighbor> neighbors);

    /// <summary>Time inside the index.</summary>
    public TimeSpan Elapsed { get; private set; }

    public bool Exact { get; private set; } = true;

    /// <summary>Some query had more matches within the radius than k.</summary>
    public bool More { get; private set; }

    /// <summary>The engine that answered most queries.</summary>
    public SearchEngine Engine => (SearchEngine)Array.IndexOf(_used, _used.Max());

    /// <summary>Hands on the answer of each query, in order.</summary>
    public void Run(Receive receive, CancellationToken ct)
    {
        int words = index.Width.Words;
        int total = queries.Length / words;
        int kept = (int)Math.Min(k, index.Count);
        int block = Math.Clamp(BlockNeighbors / kept, 1, Math.Min(total, 4096));
        var neighbors = new Neighbor[(long)block * kept];
        var counts = new int[block];
        for (int first = 0; first < total; first += block)
        {
            ct.ThrowIfCancellationRequested();
            int count = Math.Min(block, total - first);
            long start = Stopwatch.GetTimestamp();
            if (within is { } radius)
                Within(first, count, kept, radius, neighbors, counts);
            else
                Nearest(first, count, kept, neighbors, counts);
            Elapsed += Stopwatch.GetElapsedTime(start);
            for (int i = 0; i < count; i++)
                receive(neighbors.AsSpan(i * kept, counts[i]));
        }
    }

    private void Nearest(int first, int count, int kept, Neighbor[] neighbors, int[] counts)
    {
        int words = index.Width.Words;
        SearchResult result = count == 1
            ? index.NearestSearch(queries.AsSpan(first * words, words), neighbors.AsSpan(0, kept), options)
            : index.NearestSearchBatch(queries.AsSpan(first * words, count * words), kept, neighbors.AsSpan(0, count * kept), options);
        counts.AsSpan(0, count).Fill(kept);
        Exact &= result.Exact;
        _used[(int)result.Stats.Engine] += count;
    }

    private void Within(int first, int count, int kept, int radius, Neighbor[] neighbors, int[] counts)
    {
        int words = index.Width.Words;
        int threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        // Several queries share the threads; a single one has them all.
        SearchOptions one = count == 1 ? options : options with { Threads = 1 };
        Lock merge = new();
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
        {
            SearchResult result = index.RangeSearch(
                queries.AsSpan((first + i) * words, words), radius, neighbors.AsSpan(i * kept, kept), one);
            counts[i] = result.Count;
            lock (merge)
            {
                More |= result.More;
                Exact &= result.Exact;
                _used[(int)result.Stats.Engine]++;
            }
        });
    }
}
