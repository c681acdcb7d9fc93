namespace HashGrid.Server.Tests.Support;

/// <summary>Files of the repository that tests read.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The sample images, by name.</summary>
    public static string[] Samples => [.. Directory.GetFiles(Path.Combine(Root, "samples", "images")).Order(StringComparer.Ordinal)];

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "HashGrid.sln"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("the tests run inside the repository, but no HashGrid.sln was found above them");
    }
}
