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
    /// <param name="options">Engine, threads, filters, budget.</param>
    /// <returns>How many were written (fewer than k only if the index, or the filter, holds fewer), and what the search cost.</returns>
    /// <exception cref="ArgumentException"><paramref name="query"/> has another number of words, or a spare bit set; or an option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The index was disposed.</exception>
    /// <remarks>Exact, unless a budget ends it. Many readers, one writer: sees the codes added before it began. Allocates nothing.</remarks>
    public SearchResult NearestSearch(ReadOnlySpan<ulong> query, Span<Neighbor> destination, SearchOptions? options = null)
    {
        options ??= SearchOptions.Default;
        options.Require();
        Width.Require(query, nameof(query));
        return Search(query, new Collector(destination, Width.Bits, CollectorRules.Of(options, countsMore: false)), options);
    }

    /// <summary>Finds every stored code within a Hamming radius of the query.</summary>
    /// <param name="query">One code of <c>Width.Words</c> words.</param>
    /// <param name="radius">Inclusive radius in bits, 0 to <c>Width.Bits</c>.</param>
    /// <param name="destination">Receives the neighbours, ascending by (distance, id); if too short, the nearest are kept.</param>
    /// <param name="options">Engine, threads, filters, budget.</param>
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
        return Search(query, new Collector(destination, radius, CollectorRules.Of(options, countsMore: true)), options);
    }

    /// <summary>Finds the k nearest codes of many queries at once.</summary>
    /// <param name="queries">Queries × <c>Width.Words</c> words.</param>
    /// <param name="k">Neighbours wanted for each query, at least 1.</param>
    /// <param name="destination">
    /// Receives queries × k neighbours, query by query, each ascending by (distance, id); places that no code can fill hold <see cref="Neighbor.None"/>.
    /// </param>
    /// <param name="options">Engine, threads, filters, budget. Queries are spread over the threads.</param>
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
        fixed (ulong* q = queries)
        {
            fixed (Neighbor* d = destination)
            {
                BatchSearch batch = new(this, q, d, count, k, options);
                batch.Run();
                return new SearchResult((int)Math.Min(batch.Written, int.MaxValue), false, !batch.Tally.IsCut, Stats(batch.Tally, begin));
            }
        }
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

    private unsafe SearchResult Search(ReadOnlySpan<ulong> query, Collector answer, SearchOptions options)
    {
        long begin = Stopwatch.GetTimestamp();
        SearchTally tally = new() { Budget = options.MaxCandidates };
        fixed (ulong* q = query) Search(q, new Planner(options), ref answer, ref tally);
        answer.Sort();
        return new SearchResult(answer.Count, answer.More, !tally.IsCut, Stats(tally, begin));
    }

    /// <summary>Fills the answer; false if the planner would rather scan this query together with others.</summary>
    private unsafe bool Search(ulong* query, in Planner planner, ref Collector answer, ref SearchTally tally)
    {
        const int Attempts = 3;
        for (int attempt = 0; ; attempt++)
        {
            // A search during which more rows were replaced than the log remembers begins again; at last it keeps the writer out.
            bool keepsWriterOut = attempt == Attempts;
            if (keepsWriterOut) _writer.Enter();
            try
            {
                if (!TrySearch(query, planner, ref answer, ref tally, out bool isDone)) return false;
                if (isDone) return true;
            }
            finally
            {
                if (keepsWriterOut) _writer.Exit();
            }
            answer.Restart();
        }
    }

    private unsafe bool TrySearch(ulong* query, in Planner planner, ref Collector answer, ref SearchTally tally, out bool isDone)
    {
        IndexState state = Capture(out long version);
        isDone = false;
        foreach (Segment segment in state.Sealed)
        {
            if (!planner.Search(segment, segment.Count, query, ref answer, ref tally)) return false;
        }
        if (!planner.Search(state.Open, (int)(version >> 32), query, ref answer, ref tally)) return false;
        isDone = AddReplaced(state, version, query, ref answer);
        GC.KeepAlive(state);
        return true;
    }

    /// <summary>The segments, and of the open one the rows published and the replacements made before, as of one moment.</summary>
    private IndexState Capture(out long version)
    {
        while (true)
        {
            IndexState state = State;
            version = state.Open.Version;
            // A merge between the two reads would leave the old segments without the marks of replacements that the version already counts.
            if (ReferenceEquals(state, State)) return state;
        }
    }

    /// <summary>Offers the rows that were replaced while this search ran: their successors came too late for it. False if some are forgotten.</summary>
    private unsafe bool AddReplaced(IndexState state, long version, ulong* query, ref Collector answer)
    {
        const int FewChecks = 1 << 14;
        uint end = _replaced.Started;
        // With a busy writer and a long answer, one look through the answer for each replaced row would take longer than the search.
        HashSet<ulong>? kept = (long)(end - (uint)version) * answer.Count > FewChecks ? answer.KeptIds() : null;
        for (uint i = (uint)version; i != end; i++)
        {
            if (!_replaced.TryGet(i, out Segment segment, out int row)) return false;
            bool wasVisible = ReferenceEquals(segment, state.Open) ? row < (int)(version >> 32) : Array.IndexOf(state.Sealed, segment) >= 0;
            if (!wasVisible || !answer.Rules.Carries(segment, row)) continue;
            Neighbor old = new(segment.Ids[row], ScalarKernel.Distance(query, segment.Code(row), segment.Words));
            if (old.Distance <= answer.Limit && (kept is not null ? kept.Add(old.Id) : !answer.Contains(old.Id))) answer.Offer(old);
        }
        return true;
    }

    private static SearchStats Stats(in SearchTally tally, long begin) =>
        new(tally.Engine, tally.Probes, tally.Candidates, Stopwatch.GetElapsedTime(begin), tally.Reason);
}
