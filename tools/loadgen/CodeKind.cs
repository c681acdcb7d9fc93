namespace HashGrid.LoadGen;

/// <summary>How the codes that a run sends lie.</summary>
internal enum CodeKind
{
    /// <summary>Every bit at random: the hardest codes to search.</summary>
    Uniform,

    /// <summary>Around centres, as learned hash codes lie.</summary>
    Clustered,
}
