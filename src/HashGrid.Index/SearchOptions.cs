namespace HashGrid.Index;

/// <summary>How one search is to run. The default is right for most.</summary>
public sealed record SearchOptions
{
    /// <summary>The options of a search that was given none.</summary>
    public static SearchOptions Default { get; } = new();

    /// <summary>Forces an engine; default <see cref="SearchEngine.Auto"/>. Segments that lack its structure are scanned.</summary>
    public SearchEngine Engine { get; init; } = SearchEngine.Auto;

    /// <summary>Most threads one call may use, 1 to 256; default 1. 0 means one a core. The answer does not depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>
    /// Keeps only ids for which it is true; default none. It is asked only for codes near enough to be in the answer, may be asked twice for
    /// one id, and with more than one thread it is called from several at once.
    /// </summary>
    public Predicate<ulong>? Filter { get; init; }

    /// <summary>
    /// Keeps only ids of this set; default null, all. Cheap both ways: a small set is looked up id by id, a large one is asked about codes near enough.
    /// The first look-up by id in a segment whose rows were reordered makes a table, as <see cref="HammingIndex.Contains"/> does.
    /// </summary>
    public IdSet? Among { get; init; }

    /// <summary>
    /// Keeps only codes that carry one of these labels, one bit each, as given when the code was stored; default 0, all. Costs no more than a scan and a
    /// look at each code's labels, less where few carry one; the first such search of a large segment counts its labels.
    /// </summary>
    public ulong AnyLabel { get; init; }

    /// <summary>
    /// Most codes whose distance one query may compute; default 0, no bound. A search that reaches it returns what it has found so far and
    /// <see cref="SearchResult.Exact"/> false. Such a query runs on one thread.
    /// </summary>
    public long MaxCandidates { get; init; }

    /// <summary>Every problem of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        if (!Enum.IsDefined(Engine)) problems.Add($"Engine is {(int)Engine}, but only Auto, Scan, MultiIndex and Clusters exist");
        if (Threads is < 0 or > 256) problems.Add($"Threads is {Threads}, but 0 (one a core) to 256 are possible");
        if (MaxCandidates < 0) problems.Add($"MaxCandidates is {MaxCandidates}, but 0 (no bound) or more are possible");
        return problems;
    }

    internal int ThreadCount => Threads == 0 ? Environment.ProcessorCount : Threads;

    internal void Require()
    {
        if (Enum.IsDefined(Engine) && Threads is >= 0 and <= 256 && MaxCandidates >= 0) return;
        throw new ArgumentException("search options: " + string.Join("; ", Validate()), "options");
    }
}
