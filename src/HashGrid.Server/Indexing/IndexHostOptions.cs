using HashGrid.Index;

namespace HashGrid.Server.Indexing;

/// <summary>Where the index keeps its snapshots, and how wide its codes are.</summary>
public sealed record IndexHostOptions
{
    /// <summary>Folder of the snapshots; created if absent.</summary>
    public required string Directory { get; init; }

    /// <summary>Code width of the store.</summary>
    public required CodeWidth Width { get; init; }

    /// <summary>Told how long a commit's changes took to reach searches; must be quick and must not throw. Null: nobody.</summary>
    public Action<TimeSpan>? Applied { get; init; }

    /// <summary>How long no change must have come before the index merges what lies apart; default 1 s.</summary>
    public TimeSpan QuietAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Options of the index itself.</summary>
    public HammingIndexOptions Index { get; init; } = new();
}
