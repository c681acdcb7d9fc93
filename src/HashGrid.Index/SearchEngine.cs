namespace HashGrid.Index;

/// <summary>How a search walks the codes. Every engine gives the same neighbours in the same order; only the cost differs.</summary>
public enum SearchEngine
{
    /// <summary>The cheapest for this query, by a cost counted from the structures themselves.</summary>
    Auto,

    /// <summary>Every code, by SIMD: bound by memory bandwidth, the same for any data.</summary>
    Scan,

    /// <summary>Hash tables over substrings of the code (Norouzi, Punjani, Fleet 2014): pays when answers are near.</summary>
    MultiIndex,

    /// <summary>Groups around centres, pruned by the triangle inequality: pays when codes form clusters.</summary>
    Clusters,
}
