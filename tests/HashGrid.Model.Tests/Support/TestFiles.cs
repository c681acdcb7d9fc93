namespace HashGrid.Model.Tests;

/// <summary>Files copied beside the tests.</summary>
internal static class TestFiles
{
    public static string Path(params string[] parts) => System.IO.Path.Combine([AppContext.BaseDirectory, "Data", .. parts]);

    public static string Model(params string[] parts) => System.IO.Path.Combine([AppContext.BaseDirectory, "models", .. parts]);

    public static string Sample(params string[] parts) => System.IO.Path.Combine([AppContext.BaseDirectory, "samples", .. parts]);
}
