namespace HashGrid.Index.Planning;

/// <summary>How a search goes about a segment that has both structures.</summary>
internal enum SearchWay
{
    /// <summary>Looks at the nearest centre, counts what each engine has left to do, and takes the cheapest.</summary>
    Ask,

    /// <summary>Hash tables, without a look at a centre.</summary>
    Buckets,

    /// <summary>Centre by centre, without asking what else would cost.</summary>
    Clusters,

    /// <summary>Every code.</summary>
    Scan,
}
