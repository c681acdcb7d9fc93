namespace HashGrid.CommandLine.Inputs;

/// <summary>Labels by file name: a CSV with columns <c>file,labels</c>, or NIH's <c>Image Index,Finding Labels</c>; several labels are separated by |.</summary>
internal sealed class LabelsFile
{
    private readonly Dictionary<string, string[]> _labels = new(StringComparer.Ordinal);

    public static LabelsFile Empty { get; } = new();

    public int Count => _labels.Count;

    /// <exception cref="CommandException">The file does not exist, or lacks a column.</exception>
    public static LabelsFile Read(string path)
    {
        if (!File.Exists(path))
            throw new CommandException($"the labels file {path} does not exist");
        var labels = new LabelsFile();
        foreach (Dictionary<string, string> row in Csv.Read(path))
        {
            string file = Field(row, path, "file", "Image Index");
            string[] own = Split(Field(row, path, "labels", "Finding Labels"));
            labels._labels[file] = own;
            // The CSV's paths are relative to the CSV, the command line's to the current folder: the bare name joins them.
            labels._labels.TryAdd(Path.GetFileName(file), own);
        }
        return labels;
    }

    /// <summary>The labels of a file, found by its path as given or by its bare name; none when the CSV lacks it.</summary>
    public string[] Of(string path) =>
        _labels.TryGetValue(path, out string[]? labels) || _labels.TryGetValue(Path.GetFileName(path), out labels) ? labels : [];

    public static string[] Split(string labels) => labels.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Field(Dictionary<string, string> row, string path, params string[] names)
    {
        foreach (string name in names)
            if (row.TryGetValue(name, out string? value))
                return value;
        throw new CommandException($"a row of the labels file {path} has the columns {string.Join(", ", row.Keys)}, but {string.Join(" or ", names)} is needed");
    }
}
