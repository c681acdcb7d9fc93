namespace HashGrid.Index;

/// <summary>What an index builds beside its codes so that searches need not look at all of them.</summary>
public enum IndexStructures
{
    /// <summary>Whatever pays for the data at hand, decided segment by segment from a sample.</summary>
    Auto,

    /// <summary>Nothing: every search is a scan. 8 bytes a 64-bit code.</summary>
    None,

    /// <summary>Hash tables over substrings.</summary>
    MultiIndex,

    /// <summary>Groups around centres.</summary>
    Clusters,

    /// <summary>Both.</summary>
    All,
}
