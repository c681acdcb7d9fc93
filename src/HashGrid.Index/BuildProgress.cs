namespace HashGrid.Index;

/// <summary>How far a build is.</summary>
/// <param name="Stage">What it is doing.</param>
/// <param name="Done">How much of this stage is done.</param>
/// <param name="Total">How much there is to do; 0 where nobody knows.</param>
public readonly record struct BuildProgress(BuildStage Stage, long Done, long Total);
