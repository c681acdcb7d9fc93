namespace HashGrid.Server.Tests.Client;

/// <summary>Files of the working copy that the tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "HashGrid.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException($"HashGrid.sln was not found above {AppContext.BaseDirectory}; run the tests from a checkout");
    }
}
