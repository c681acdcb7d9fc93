namespace HashGrid.Index;

/// <summary>What <see cref="HammingIndex.Add"/> did.</summary>
public enum AddResult
{
    /// <summary>The id was new; id and code are stored now.</summary>
    Added,

    /// <summary>The id was there with this very code; nothing changed.</summary>
    Unchanged,

    /// <summary>The id is there with another code; nothing changed. <see cref="HammingIndex.Upsert"/> would replace it.</summary>
    Conflict,
}
