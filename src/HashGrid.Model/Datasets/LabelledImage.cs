namespace HashGrid.Model.Datasets;

/// <summary>One picture of a data set.</summary>
/// <param name="Path">Where the file is.</param>
/// <param name="Patient">Whose it is; splits go by patient.</param>
/// <param name="Labels">Positive labels, "No Finding" among them if the data set says so.</param>
/// <param name="Unknown">Labels that are neither positive nor negative.</param>
public sealed record LabelledImage(string Path, string Patient, IReadOnlyList<string> Labels, IReadOnlyList<string> Unknown)
{
    /// <summary>Where the list names it, such as "'labels.csv' line 7", for messages; may be empty.</summary>
    public string Origin { get; init; } = "";

    /// <summary>The label that says nothing was found; it makes pairs similar but is no class.</summary>
    public const string NoFinding = "No Finding";
}
