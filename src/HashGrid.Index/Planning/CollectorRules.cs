using HashGrid.Index.MultiIndex;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Planning;

/// <summary>Which rows may be in an answer, whoever looks at them: shared by the threads of one search.</summary>
/// <param name="Filter">Which ids may be in the answer; null for all.</param>
/// <param name="Among">The only ids that may be in the answer; null for all.</param>
/// <param name="AnyLabel">The rows that may be in the answer carry one of these labels; 0 for all.</param>
/// <param name="CountsMore">Whether the caller wants to know that more rows matched than were kept.</param>
internal record struct CollectorRules(Predicate<ulong>? Filter, IdSet? Among, ulong AnyLabel, bool CountsMore)
{
    /// <summary>The rules of one search.</summary>
    public static CollectorRules Of(SearchOptions options, bool countsMore) => new(options.Filter, options.Among, options.AnyLabel, countsMore);


    /// <summary>Whether some ids may not be in the answer.</summary>
    public readonly bool IsFiltered => Filter is not null || Among is not null;

    /// <summary>Whether the row carries a label that is asked for.</summary>
    public readonly bool Carries(Segment segment, int row) => AnyLabel == 0 || (segment.Labels[row] & AnyLabel) != 0;

    /// <summary>Whether the id may be in the answer.</summary>
    public readonly bool Allows(ulong id) => (Among is null || Among.Contains(id)) && (Filter is null || Filter(id));

    /// <summary>Rows of the segment at hand, from .. to, that were offered before.</summary>
    public (int From, int To) Skipped { get; set; }

    /// <summary>The search by buckets that has offered some of the rows before; default if none has.</summary>
    public MultiIndexSearch Met { get; set; }
}
