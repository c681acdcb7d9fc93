namespace HashGrid.CommandLine.Demo;

/// <summary>One image of the samples folder.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Labels">Its findings.</param>
/// <param name="Patient">Whose it is.</param>
/// <param name="Source">Where it comes from, for the attribution; may be empty.</param>
/// <param name="IsQuery">Kept out of the store, with all images of its patient, to search with.</param>
internal sealed record Sample(string Path, string[] Labels, string Patient, string Source, bool IsQuery)
{
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>What stands under it.</summary>
    public string Title { get; init; } = System.IO.Path.GetFileName(Path);
}
