namespace HashGrid.Index.Planning;

/// <summary>What a search has cost so far, and which engine looked at most codes.</summary>
internal struct SearchTally
{
    private long _scanned, _hashed, _clustered;

    /// <summary>Buckets and clusters looked into.</summary>
    public long Probes;

    /// <summary>Codes whose distance was computed.</summary>
    public long Candidates;

    /// <summary>Most candidates that the search may have; 0 for no bound.</summary>
    public long Budget;

    /// <summary>Whether the budget ended the search before it was over.</summary>
    public bool IsCut;

    /// <summary>Why the engine of the largest segment was chosen.</summary>
    public string? Reason;

    /// <summary>The engine that answered for the most rows.</summary>
    public readonly SearchEngine Engine =>
        _hashed > _scanned && _hashed >= _clustered ? SearchEngine.MultiIndex
        : _clustered > _scanned ? SearchEngine.Clusters
        : SearchEngine.Scan;

    /// <summary>Counts candidates that are about to be looked at; returns how many of them may be.</summary>
    public long Take(long wanted)
    {
        if (Budget > 0 && wanted > Budget - Candidates)
        {
            wanted = Budget - Candidates;
            IsCut = true;
        }
        Candidates += wanted;
        return wanted;
    }

    /// <summary>Notes that <paramref name="engine"/> answered for <paramref name="rows"/> rows.</summary>
    public void Answered(SearchEngine engine, long rows)
    {
        if (engine == SearchEngine.MultiIndex) _hashed += rows;
        else if (engine == SearchEngine.Clusters) _clustered += rows;
        else _scanned += rows;
    }

    /// <summary>Adds what another thread of the same search spent.</summary>
    public void Add(in SearchTally other)
    {
        Probes += other.Probes;
        Candidates += other.Candidates;
        _scanned += other._scanned;
        _hashed += other._hashed;
        _clustered += other._clustered;
        IsCut |= other.IsCut;
        Reason ??= other.Reason;
    }
}
