using System.Diagnostics;
using HashGrid.Index.Kernels;
using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    /// <summary>Finds the k stored codes nearest to the query.</summary>
    /// <param name="query">One code of <c>Width.Words</c> words.</param>
    /// <param name="destination">Receives the neighbours, ascending by (distance, id); its length is k.</param>
    /// <param name="options">Engine, threads, filter.</param>
    /// <returns>How many were written (fewer than k only if the index, or the filter, holds fewer), and what the search cost.</returns>
    /// <exception cref="ArgumentException"><paramref name="query"/> has another number of words, or a spare bit set; or an option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The index was disposed.</exception>
    /// <remarks>Exact. Many readers, one writer: sees the codes added before it began. Allocates nothing.</remarks>
    public SearchResult NearestSearch(ReadOnlySpan<ulong> query, Span<Neighbor> destination, SearchOptions? options = null)
    {
        options ??= SearchOptions.Default;
        options.Require();
        Width.Require(query, nameof(query));
        return Search(query, new Collector(destination, Width.Bits, false, options.Filter), options);
    }

    /// <summary>Finds every stored code within a Hamming radius of the query.</summary>
    /// <param name="query">One code of <c>Width.Words</c> words.</param>
    /// <param name="radius">Inclusive radius in bits, 0 to <c>Width.Bits</c>.</param>
    /// <param name="destination">Receives the neighbours, ascending by (distance, id); if too short, the nearest are kept.</param>
    /// <param name="options">Engine, threads, filter.</param>
    /// <returns>How many were written, whether more matched, and what the search cost.</returns>
    /// <exception cref="ArgumentException"><paramref name="query"/> has another number of words, or a spare bit set; or an option is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="radius"/> is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The index was disposed.</exception>
    /// <remarks>
    /// Exact. With r = m·s + a and a &lt; m, a match lies within s on one of the first a + 1 substrings, or within s − 1 on one of the rest;
    /// the planner compares those buckets with a scan. Many readers, one writer. Allocates nothing.
    /// Source: Norouzi, Punjani, Fleet, "Fast exact search in Hamming space with multi-index hashing", TPAMI 2014.
    /// </remarks>
    public SearchResult RangeSearch(ReadOnlySpan<ulong> query, int radius, Span<Neighbor> destination, SearchOptions? options = null)
    {
        options ??= SearchOptions.Default;
        options.Require();
        Width.Require(query, nameof(query));
        if (radius < 0 || radius > Width.Bits)
        {
            throw new ArgumentOutOfRangeException(nameof(radius), radius, $"radius is {radius} bits, but codes have {Width.Bits}; choose 0 to {Width.Bits}");
        }
        return Search(query, new Collector(destination, radius, true, options.Filter), options);
    }

    /// <summary>Finds the k nearest codes of many queries at once.</summary>
    /// <param name="queries">Queries × <c>Width.Words</c> words.</param>
    /// <param name="k">Neighbours wanted for each query, at least 1.</param>
    /// <param name="destination">
    /// Receives queries × k neighbours, query by query, each ascending by (distance, id); places that no code can fill hold <see cref="Neighbor.None"/>.
    /// </param>
    /// <param name="options">Engine, threads, filter. Queries are spread over the threads.</param>
    /// <returns>How many neighbours were written in all, and what the searches cost together.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="queries"/> is no whole number of codes, or one has a spare bit set; <paramref name="destination"/> is too short.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is below 1.</exception>
    /// <remarks>The same answers as one by one. Each query sees the codes added before it began.</remarks>
    public unsafe SearchResult NearestSearchBatch(
        ReadOnlySpan<ulong> queries, int k, Span<Neighbor> destination, SearchOptions? options = null)
    {
        options ??= SearchOptions.Default;
        options.Require();
        int count = RequireBatch(queries, k, destination);
        long begin = Stopwatch.GetTimestamp();
        SearchTally tally = default;
        long written = 0;
        Lock merge = new();
        int words = Width.Words, threads = Math.Min(count, options.Threads == 0 ? Environment.ProcessorCount : options.Threads);
        fixed (ulong* q = queries)
        {
            fixed (Neighbor* d = destination)
            {
                ulong* first = q;
                Neighbor* answers = d;
                void One(int i)
                {
                    Span<Neighbor> answer = new(answers + ((nint)i * k), k);
                    SearchTally own = default;
                    int found = Search(new ReadOnlySpan<ulong>(first + ((nint)i * words), words), new Collector(answer, Width.Bits, false, options.Filter), options, ref own).Count;
                    answer[found..].Fill(Neighbor.None);
                    lock (merge)
                    {
                        tally.Add(own);
                        written += found;
                    }
                }
                if (threads <= 1)
                {
                    for (int i = 0; i < count; i++) One(i);
                }
                else
                {
                    Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, One);
                }
            }
        }
        return new SearchResult((int)Math.Min(written, int.MaxValue), false, true, Stats(tally, begin));
    }

    private int RequireBatch(ReadOnlySpan<ulong> queries, int k, Span<Neighbor> destination)
    {
        if (k < 1) throw new ArgumentOutOfRangeException(nameof(k), k, $"k is {k}, but at least 1 neighbour must be asked for");
        if (queries.Length % Width.Words != 0)
        {
            throw new ArgumentException($"queries have {queries.Length} words, but width {Width.Bits} needs a multiple of {Width.Words}", nameof(queries));
        }
        int count = queries.Length / Width.Words;
        if (destination.Length < (long)count * k)
        {
            throw new ArgumentException($"destination has room for {destination.Length}, but {count} queries × {k} need {(long)count * k}", nameof(destination));
        }
        for (int i = 0; i < count; i++) Width.Require(queries.Slice(i * Width.Words, Width.Words), nameof(queries));
        return count;
    }

    private SearchResult Search(ReadOnlySpan<ulong> query, Collector answer, SearchOptions options)
    {
        SearchTally tally = default;
        return Search(query, answer, options, ref tally);
    }

    private unsafe SearchResult Search(ReadOnlySpan<ulong> query, Collector answer, SearchOptions options, ref SearchTally tally)
    {
        long begin = Stopwatch.GetTimestamp();
        IndexState state = State;
        long version = state.Open.Version; // one read: rows published and replacements made before belong together
        fixed (ulong* q = query)
        {
            foreach (Segment segment in state.Sealed)
            {
                Planner.Search(segment, segment.Count, q, options.Engine, ref answer, ref tally);
            }
            Planner.Search(state.Open, (int)(version >> 32), q, options.Engine, ref answer, ref tally);
            AddReplaced(state, version, q, ref answer);
        }
        GC.KeepAlive(state);
        answer.Sort();
        return new SearchResult(answer.Count, answer.More, true, Stats(tally, begin));
    }

    /// <summary>Offers the rows that were replaced while this search ran: their successors came too late for it.</summary>
    private unsafe void AddReplaced(IndexState state, long version, ulong* query, ref Collector answer)
    {
        uint end = _replaced.Started;
        for (uint i = (uint)version; i != end; i++)
        {
            if (!_replaced.TryGet(i, out Segment segment, out int row)) continue;
            bool wasVisible = ReferenceEquals(segment, state.Open) ? row < (int)(version >> 32) : Array.IndexOf(state.Sealed, segment) >= 0;
            if (!wasVisible) continue;
            Neighbor old = new(segment.Ids[row], ScalarKernel.Distance(query, segment.Code(row), segment.Words));
            if (!answer.Contains(old.Id)) answer.Offer(old);
        }
    }

    private static SearchStats Stats(in SearchTally tally, long begin) =>
        new(tally.Engine, tally.Probes, tally.Candidates, Stopwatch.GetElapsedTime(begin), tally.Reason);
}
