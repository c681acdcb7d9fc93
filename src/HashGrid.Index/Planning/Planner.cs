using System.Diagnostics;
using HashGrid.Index.Clusters;
using HashGrid.Index.Kernels;
using HashGrid.Index.MultiIndex;
using HashGrid.Index.Scan;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Planning;

/// <summary>Chooses how a query walks a segment, from cost counted in the structures, and changes its mind while it runs.</summary>
/// <remarks>
/// Every engine's cost depends on how near the answer is, which nobody knows beforehand. So the nearest centre, or the nearest buckets, are
/// looked at first: cheap, and from then on the collector's limit bounds what each engine has left to do.
/// Costs are in nanoseconds; their ratios decide.
/// </remarks>
internal readonly unsafe struct Planner
{
    /// <summary>Scanning one word of a code from beyond the second-level cache.</summary>
    private const double ScanNanoseconds = 0.28;

    /// <summary>The same in a batch, where each block of codes is read once for many queries.</summary>
    private const double BatchScanNanoseconds = 0.09;

    /// <summary>A scan that is over sooner than a batch of scans is set up; lowered by tests.</summary>
    internal static int FewestDeferredRows { get; set; } = 1 << 16;

    /// <summary>Scanning one row of a window, and beginning a window: short runs cost more than one long run.</summary>
    private const double WindowRowNanoseconds = 0.42;

    private const double WindowNanoseconds = 100;

    /// <summary>Where nothing has been looked at, the nearest buckets are for so much of a scan's cost: what they hold tells what the rest costs.</summary>
    private const double BlindShare = 0.125;

    /// <summary>Putting a code into a full answer; the second where near codes were looked at before, so that fewer far ones get in.</summary>
    private const double OfferNanoseconds = 100, LateOfferNanoseconds = 60;

    /// <summary>Sets up to this size are looked up without asking for anything's cost.</summary>
    private const int FewIds = 64;

    /// <summary>A forced engine gets a longer leash, not an endless one: enumerating buckets can take 2^length steps.</summary>
    private const double ForcedPatience = 16;

    /// <summary>Looking up one id of a set and measuring its code: two or three cache misses.</summary>
    private const double IdNanoseconds = 60;

    /// <summary>Looking at a row's labels; measuring a code that carries one.</summary>
    private const double LabelNanoseconds = 0.35, CarrierNanoseconds = 4;

    /// <summary>Turning away a row that is near enough but carries no label: where such rows are few, and where they are nearly all.</summary>
    private const double RejectNanoseconds = 80, DenseRejectNanoseconds = 5;

    private readonly SearchEngine _engine;
    private readonly IdSet? _among;
    private readonly ulong _labels;
    private readonly int _threads;
    private readonly bool _mayDefer;
    private readonly long _budget;

    /// <param name="options">The caller's wishes.</param>
    /// <param name="mayDefer">Whether the query is one of a batch, which scans its queries together for less.</param>
    public Planner(SearchOptions options, bool mayDefer = false)
    {
        _engine = options.Engine;
        _among = options.Among;
        _labels = options.AnyLabel;
        _budget = options.MaxCandidates;
        _threads = _budget > 0 ? 1 : options.ThreadCount;
        _mayDefer = mayDefer;
    }

    /// <summary>Searches the first <paramref name="count"/> rows of a segment; false if it should be scanned together with other queries.</summary>
    public bool Search(Segment segment, int count, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        if (count == 0 || answer.Limit < 0 || tally.IsCut) return true;
        if (Carriers(segment, count) == 0)
        {
            tally.Reason ??= "no code carries such a label";
            tally.Answered(SearchEngine.Scan, count);
            return true;
        }
        ClusterTable? clusters = _engine is SearchEngine.Scan or SearchEngine.MultiIndex ? null : segment.Clusters;
        MultiIndexTable? table = _engine is SearchEngine.Scan or SearchEngine.Clusters ? null : segment.MultiIndex;
        // Ids looked up one by one cost the same wherever the query lies: if that is next to nothing, nothing else is asked.
        int kind = SearchHistory.Kind(answer);
        bool isDone = IdCost() < FewIds * IdNanoseconds ? SearchIds(segment, count, query, ref answer, ref tally)
            : clusters is not null && table is not null && Learns(answer) ? SearchAsBefore(segment, clusters, table, count, query, kind, ref answer, ref tally)
            : clusters is not null ? SearchClusters(segment, clusters, table, count, query, ref answer, ref tally)
            : table is not null ? SearchBuckets(segment, table, count, query, ref answer, ref tally)
            : LookAtAll(segment, count, query, _engine == SearchEngine.Scan ? null : "no structure was built for these codes", ref answer, ref tally);
        answer.SkipNothing();
        if (isDone && answer.IsFull && !answer.IsRange && !tally.IsCut && !IsFiltered(answer)) segment.History.NoteLimit(kind, answer.Limit);
        return isDone;
    }

    /// <summary>The way that was the quickest for searches before this one.</summary>
    private bool SearchAsBefore(
        Segment segment, ClusterTable clusters, MultiIndexTable table, int count, ulong* query, int kind, ref Collector answer, ref SearchTally tally)
    {
        const string AsBefore = "searches before this one were quickest so";
        SearchWay way = segment.History.Choose(kind, ScanCost(segment, count, answer) * (Stopwatch.Frequency / 1e9));
        long begin = Stopwatch.GetTimestamp();
        if (way != SearchWay.Ask) tally.Reason ??= AsBefore;
        bool isDone = way switch
        {
            SearchWay.Buckets => SearchBuckets(segment, table, count, query, ref answer, ref tally, BlindShare),
            SearchWay.Clusters => SearchClusters(segment, clusters, table, count, query, ref answer, ref tally, asks: false),
            SearchWay.Scan => Scan(segment, count, query, AsBefore, ref answer, ref tally),
            _ => SearchClusters(segment, clusters, table, count, query, ref answer, ref tally),
        };
        segment.History.NoteTime(kind, way, Stopwatch.GetTimestamp() - begin);
        return isDone;
    }

    private bool SearchClusters(
        Segment segment, ClusterTable clusters, MultiIndexTable? table, int count, ulong* query, ref Collector answer, ref SearchTally tally, bool asks = true)
    {
        ClusterSearch search = new(segment, clusters, query, ref tally);
        (int from, int to) = search.VisitNearest(ref answer, ref tally);
        search.FindNear(answer.Limit);
        if (asks && _engine != SearchEngine.Clusters)
        {
            // The nearest centre bounds the answer from above; for codes that are not clustered far too high, so the radius where random codes
            // would fill the answer bounds the estimate too. Queries that are farther from everything are noticed on the way.
            int limit = answer.IsRange ? answer.Limit : Math.Min(answer.Limit, Expected(segment, count, answer));
            (double rows, double centers) = search.CountRest(limit);
            double clusterCost = (rows * segment.Words * WindowRowNanoseconds) + (centers * WindowNanoseconds);
            double bucketCost = table is null ? double.PositiveInfinity : new MultiIndexSearch(segment, table, query).CostUpTo(limit);
            double allCost = AllCost(segment, count, answer);
            if (Math.Min(bucketCost, allCost) < clusterCost)
            {
                answer.Skip(from, to);
                return bucketCost < allCost
                    ? SearchBuckets(segment, table!, count, query, ref answer, ref tally)
                    : LookAtAll(segment, count, query, "answers are too far for clusters or buckets to leave much out", ref answer, ref tally);
            }
        }
        search.Finish(ref answer, ref tally);
        tally.Reason ??= "near codes lie in few clusters";
        tally.Answered(SearchEngine.Clusters, count);
        return true;
    }

    private bool SearchBuckets(
        Segment segment, MultiIndexTable table, int count, ulong* query, ref Collector answer, ref SearchTally tally, double blindShare = 0)
    {
        MultiIndexSearch search = new(segment, table, query);
        double allCost = AllCost(segment, count, answer) * (_engine == SearchEngine.MultiIndex ? ForcedPatience : 1);
        int expected = Expected(segment, count, answer);
        if (blindShare > 0) expected = Math.Min(expected, segment.History.LikelyLimit(SearchHistory.Kind(answer)));
        double blind = allCost * blindShare;
        while (!search.IsDone(answer) && !tally.IsCut)
        {
            // The limit bounds the rest, but the first buckets leave it far too high: until they are past the radius where random codes
            // would fill the answer, that radius stands in.
            int radius = answer.IsRange ? answer.Limit : Math.Min(answer.Limit, Math.Max(expected, search.Complete + 1));
            blind -= search.NextCost;
            if (blind < 0 && search.CostUpTo(radius) > allCost)
            {
                answer.Skip(search);
                return LookAtAll(segment, count, query, "the buckets still to look into cost more than scanning every code", ref answer, ref tally);
            }
            search.Step(ref answer, ref tally);
        }
        tally.Reason ??= "near codes share buckets";
        tally.Answered(SearchEngine.MultiIndex, count);
        return true;
    }

    /// <summary>What is left where no structure helps: every code, or every id of the set or row with a label if they are fewer.</summary>
    private bool LookAtAll(Segment segment, int count, ulong* query, string? reason, ref Collector answer, ref SearchTally tally)
    {
        double scan = ScanCost(segment, count, answer), labels = LabelCost(segment, count, answer);
        if (IdCost() < Math.Min(scan, labels)) return SearchIds(segment, count, query, ref answer, ref tally);
        if (scan <= labels) return Scan(segment, count, query, reason, ref answer, ref tally);
        LabelScan.Search(segment, count, query, _labels, ref answer, ref tally);
        tally.Reason ??= "few codes carry such a label";
        tally.Answered(SearchEngine.Scan, count);
        return true;
    }

    private bool SearchIds(Segment segment, int count, ulong* query, ref Collector answer, ref SearchTally tally)
    {
        long cursor = 0;
        while (!tally.IsCut && _among!.Next(ref cursor, out ulong id))
        {
            int row = segment.FindLive(id);
            if (row < 0 || row >= count || tally.Take(1) == 0) continue;
            answer.Offer(segment, row, ScalarKernel.Distance(query, segment.Code(row), segment.Words));
        }
        tally.Reason ??= "the set of ids is small";
        tally.Answered(SearchEngine.Scan, count);
        return true;
    }

    private bool Scan(Segment segment, int count, ulong* query, string? reason, ref Collector answer, ref SearchTally tally)
    {
        tally.Reason ??= reason;
        // Sparing a query of a batch from scanning alone pays once the rows are more than a block or two.
        if (_mayDefer && count >= FewestDeferredRows) return false;
        int threads = Math.Min(_threads, ScanTeam.UsefulThreads(segment, count));
        if (threads > 1) ScanTeam.Search(segment, count, query, threads, ref answer, ref tally);
        else ScanEngine.Search(segment, 0, count, query, ref answer, ref tally);
        tally.Answered(SearchEngine.Scan, count);
        return true;
    }

    /// <summary>Where among random codes the answer would be full; a filter makes it look farther.</summary>
    private int Expected(Segment segment, int count, in Collector answer)
    {
        double share = _among is null ? 1 : Math.Clamp(_among.Count / (double)count, 1.0 / count, 1);
        if (_labels != 0) share *= Carriers(segment, count) / (double)count;
        return ExpectedRadius.Of(segment.Words * 64, count, (int)Math.Min(count, answer.Room / share));
    }

    private bool IsFiltered(in Collector answer) => answer.Rules.IsFiltered || _labels != 0;

    /// <summary>Filters and budgets change what a search costs, and one of a batch leaves its scan to others: the times of such searches tell nothing.</summary>
    private bool Learns(in Collector answer) => _engine == SearchEngine.Auto && !_mayDefer && _budget == 0 && !IsFiltered(answer);

    private double IdCost() => _among is null || _engine != SearchEngine.Auto ? double.PositiveInfinity : _among.Count * IdNanoseconds;

    /// <summary>No fewer rows than carry a label that is asked for.</summary>
    private int Carriers(Segment segment, int count) => _labels == 0 || !segment.IsBuilt ? count : segment.Labels.AtMost(_labels);

    private double LabelCost(Segment segment, int count, in Collector answer)
    {
        if (_labels == 0 || _engine != SearchEngine.Auto) return double.PositiveInfinity;
        // Nobody has counted the labels of a segment that still grows: they are looked at while far codes would be offered.
        if (!segment.IsBuilt) return answer.IsFull ? double.PositiveInfinity : 0;
        double carriers = Carriers(segment, count);
        return (count * LabelNanoseconds) + (carriers * CarrierNanoseconds) + (Offers(carriers, answer) * LateOfferNanoseconds);
    }

    private double AllCost(Segment segment, int count, in Collector answer) =>
        Math.Min(IdCost(), Math.Min(ScanCost(segment, count, answer), LabelCost(segment, count, answer)));

    /// <summary>Codes in no useful order fill the answer with far ones first: about k · ln(n / k) of n replace others.</summary>
    private static double Offers(double rows, in Collector answer) =>
        answer.IsRange || answer.Room >= rows ? 0 : answer.Room * Math.Log(rows / answer.Room);

    private double ScanCost(Segment segment, int count, in Collector answer)
    {
        // A scan that the budget would end in its midst has looked at codes in no useful order: structures look at near ones first.
        if (_budget > 0 && count > _budget) return double.PositiveInfinity;
        double carriers = Carriers(segment, count), offers = Offers(carriers, answer); // which for large k costs more than the scan
        double rejects = _labels == 0 || answer.IsRange ? 0 : offers == 0 ? count - carriers : ((count / carriers) - 1) * offers;
        double rejecting = Math.Min(rejects * RejectNanoseconds, count * DenseRejectNanoseconds);
        double word = _mayDefer ? BatchScanNanoseconds : ScanNanoseconds / Math.Min(_threads, ScanTeam.UsefulThreads(segment, count));
        return (double)count * segment.Words * (segment.CodeBlock.Length > MultiIndexCost.FarBytes && !_mayDefer ? 2 * word : word) + (offers * (answer.IsFull ? LateOfferNanoseconds : OfferNanoseconds)) + rejecting;
    }
}
