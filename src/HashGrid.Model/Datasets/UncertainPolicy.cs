namespace HashGrid.Model.Datasets;

/// <summary>What CheXpert's −1 (uncertain) becomes. Source: Irvin et al., "CheXpert", AAAI 2019, section 4.1.</summary>
public enum UncertainPolicy
{
    /// <summary>Neither: masked in the loss.</summary>
    Ignore,

    /// <summary>Negative.</summary>
    Zeros,

    /// <summary>Positive.</summary>
    Ones,
}
