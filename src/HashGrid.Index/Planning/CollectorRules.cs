using HashGrid.Index.MultiIndex;

namespace HashGrid.Index.Planning;

/// <summary>Which rows may be in an answer, whoever looks at them: shared by the threads of one search.</summary>
/// <param name="Filter">Which ids may be in the answer; null for all.</param>
/// <param name="Among">The only ids that may be in the answer; null for all.</param>
/// <param name="CountsMore">Whether the caller wants to know that more rows matched than were kept.</param>
internal record struct CollectorRules(Predicate<ulong>? Filter, IdSet? Among, bool CountsMore)
{
    /// <summary>Whether some ids may not be in the answer.</summary>
    public readonly bool IsFiltered => Filter is not null || Among is not null;

    /// <summary>Whether the id may be in the answer.</summary>
    public readonly bool Allows(ulong id) => (Among is null || Among.Contains(id)) && (Filter is null || Filter(id));

    /// <summary>Rows of the segment at hand, from .. to, that were offered before.</summary>
    public (int From, int To) Skipped { get; set; }

    /// <summary>The search by buckets that has offered some of the rows before; default if none has.</summary>
    public MultiIndexSearch Met { get; set; }
}
