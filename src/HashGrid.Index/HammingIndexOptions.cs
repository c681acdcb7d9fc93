namespace HashGrid.Index;

/// <summary>How an index keeps its codes. None of it changes an answer.</summary>
public sealed record HammingIndexOptions
{
    /// <summary>Which structures sealed segments carry; default <see cref="IndexStructures.Auto"/>.</summary>
    public IndexStructures Structures { get; init; } = IndexStructures.Auto;

    /// <summary>
    /// Whether the multi-index keeps a copy of the codes in each table's order; default false. A look into a bucket is then one sequential read:
    /// about twice as fast, for 8 bytes more a word and substring.
    /// </summary>
    public bool CopyCodes { get; init; }

    /// <summary>Rows of the open segment before it is sealed, 1,024 to 16,777,216; default 262,144. New codes are scanned until then.</summary>
    public int OpenRows { get; init; } = 262_144;

    /// <summary>Whether a background thread merges sealed segments and builds their structures; default true.</summary>
    public bool MergeInBackground { get; init; } = true;

    /// <summary>Whether <see cref="HammingIndex.Open"/> checks every byte before the first search; default true. Bounds are checked always.</summary>
    public bool VerifyOnOpen { get; init; } = true;

    /// <summary>Most threads that <c>HammingIndex.Build</c> and merges use, 0 to 256; default 0, one a core.</summary>
    public int BuildThreads { get; init; }

    /// <summary>
    /// Most bytes that one build or merge may leave in memory for codes, ids and structures; default 0, no bound. Structures that do not fit are left
    /// out: first copies of codes, then hash tables, then clusters. Codes and ids are kept in any case.
    /// </summary>
    public long MemoryBudget { get; init; }

    /// <summary>Every problem of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        if (!Enum.IsDefined(Structures)) problems.Add($"Structures is {(int)Structures}, which is no member of IndexStructures");
        if (OpenRows is < 1024 or > 1 << 24) problems.Add($"OpenRows is {OpenRows}, but 1,024 to 16,777,216 are possible");
        if (BuildThreads is < 0 or > 256) problems.Add($"BuildThreads is {BuildThreads}, but 0 (one a core) to 256 are possible");
        if (MemoryBudget < 0) problems.Add($"MemoryBudget is {MemoryBudget} bytes, but 0 (no bound) or more are possible");
        return problems;
    }

    internal static HammingIndexOptions Require(HammingIndexOptions? options)
    {
        options ??= new HammingIndexOptions();
        IReadOnlyList<string> problems = options.Validate();
        if (problems.Count > 0) throw new ArgumentException("index options: " + string.Join("; ", problems), nameof(options));
        return options;
    }

    internal bool Fits(long bytes) => MemoryBudget == 0 || bytes <= MemoryBudget;

    internal int BuildThreadCount => BuildThreads == 0 ? Environment.ProcessorCount : BuildThreads;
}
