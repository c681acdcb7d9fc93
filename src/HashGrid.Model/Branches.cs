namespace HashGrid.Model;

/// <summary>Which refined features enter the code; the paper's table 5 compares them.</summary>
public enum Branches
{
    /// <summary>Global and local, fused: the paper's network.</summary>
    Both,

    /// <summary>f_g(F) alone.</summary>
    Global,

    /// <summary>f_l(F'') alone.</summary>
    Local,
}
