namespace HashGrid.Index.Scan;

/// <summary>One query of a <see cref="BatchScan"/> between two blocks: the state of its collector.</summary>
internal struct QuerySlot
{
    /// <summary>Its number in the batch.</summary>
    public int Query;

    /// <summary>Neighbours kept so far.</summary>
    public int Count;

    /// <summary>Largest distance that can still matter.</summary>
    public int Limit;
}
