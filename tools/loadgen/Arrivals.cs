namespace HashGrid.LoadGen;

/// <summary>How the gaps between arrivals are drawn.</summary>
internal enum Arrivals
{
    /// <summary>Exponential gaps, as of many independent callers.</summary>
    Poisson,

    /// <summary>Equal gaps.</summary>
    Constant,

    /// <summary>Poisson, but half of all arrivals come in a tenth of the time.</summary>
    Burst,
}
