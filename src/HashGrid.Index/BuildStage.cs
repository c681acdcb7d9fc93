namespace HashGrid.Index;

/// <summary>What a build is doing.</summary>
public enum BuildStage
{
    /// <summary>Reading codes; counted in codes.</summary>
    Reading,

    /// <summary>Finding centres on a sample; not counted.</summary>
    Centers,

    /// <summary>Giving each code its centre; counted in codes.</summary>
    Clusters,

    /// <summary>Putting rows in the order of their centres, or of their first substring; not counted.</summary>
    Rows,

    /// <summary>Sorting rows into hash tables; counted in tables.</summary>
    Tables,
}
