namespace HashGrid.Model;

/// <summary>The three maps that spatial attention is computed from; the paper's table 4 leaves some out.</summary>
[Flags]
public enum Descriptors
{
    /// <summary>No map: attention is constant.</summary>
    None = 0,

    /// <summary>F_maxP: maximum over channels (eq. 1).</summary>
    MaxPoint = 1,

    /// <summary>F_avgP: mean over channels (eq. 2).</summary>
    AvgPoint = 2,

    /// <summary>F_max: the largest local response, 3×3, mean over channels.</summary>
    Pooled = 4,

    /// <summary>The paper's full module.</summary>
    All = MaxPoint | AvgPoint | Pooled,
}
