using HashGrid.Index.Planning;
using HashGrid.Index.Scan;
using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    /// <summary>One call of <see cref="NearestSearchBatch"/>: each query is planned alone; those that had better scan do it together.</summary>
    private sealed unsafe class BatchSearch(HammingIndex index, ulong* queries, Neighbor* answers, int count, int k, SearchOptions options)
    {
        private readonly int _words = index.Width.Words;
        private readonly Lock _gate = new();
        private readonly List<QuerySlot> _deferred = [];
        private SearchTally _tally;
        private long _written;

        public SearchTally Tally => _tally;

        /// <summary>Neighbours found, for all queries together.</summary>
        public long Written => _written;

        public void Run()
        {
            int threads = Math.Clamp(options.ThreadCount, 1, Math.Max(1, count));
            ForEach(threads, count, PlanOne);
            if (_deferred.Count == 0) return;
            _deferred.Sort((a, b) => a.Query.CompareTo(b.Query));
            // Each thread scans for its own share of the queries: together they read the codes a few times, not once a query.
            int shares = Math.Min(threads, _deferred.Count);
            ForEach(threads, shares, share =>
                ScanShare(share * _deferred.Count / shares, (share + 1) * _deferred.Count / shares));
        }

        private static void ForEach(int threads, int count, Action<int> action)
        {
            if (threads == 1)
            {
                for (int i = 0; i < count; i++) action(i);
            }
            else
            {
                Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, action);
            }
        }

        private void PlanOne(int query)
        {
            SearchTally tally = new() { Budget = options.MaxCandidates };
            Collector answer = new(Place(query), index.Width.Bits, CollectorRules.Of(options, countsMore: false));
            bool isDone = index.Search(Query(query), new Planner(options with { Threads = 1 }, mayDefer: options.MaxCandidates == 0), ref answer, ref tally);
            if (isDone) Finish(query, ref answer);
            lock (_gate)
            {
                _tally.Add(tally);
                if (isDone) _written += answer.Count;
                else _deferred.Add(new QuerySlot { Query = query, Limit = index.Width.Bits });
            }
        }

        /// <summary>Scans everything for some of the queries, from the beginning: a row that planning found may have been removed since.</summary>
        private void ScanShare(int from, int to)
        {
            QuerySlot[] slots = [.. _deferred[from..to]];
            BatchScan scan = new(_words, queries, answers, k, slots, CollectorRules.Of(options, countsMore: false));
            SearchTally tally = default;
            IndexState state = index.Capture(out long version);
            foreach (Segment segment in state.Sealed)
            {
                scan.Search(segment, segment.Count, slots, ref tally);
                tally.Answered(SearchEngine.Scan, (long)segment.Count * slots.Length);
            }
            scan.Search(state.Open, (int)(version >> 32), slots, ref tally);
            long written = 0;
            foreach (QuerySlot slot in slots)
            {
                Collector answer = scan.Resume(slot);
                if (!index.AddReplaced(state, version, Query(slot.Query), ref answer))
                {
                    answer.Restart();
                    index.Search(Query(slot.Query), new Planner(options with { Threads = 1 }), ref answer, ref tally);
                }
                Finish(slot.Query, ref answer);
                written += answer.Count;
            }
            GC.KeepAlive(state);
            lock (_gate)
            {
                _tally.Add(tally);
                _written += written;
            }
        }

        private void Finish(int query, ref Collector answer)
        {
            answer.Sort();
            Place(query)[answer.Count..].Fill(Neighbor.None);
        }

        private ulong* Query(int query) => queries + ((nint)query * _words);

        private Span<Neighbor> Place(int query) => new(answers + ((nint)query * k), k);
    }
}
