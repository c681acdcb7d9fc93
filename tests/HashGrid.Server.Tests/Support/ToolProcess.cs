using System.Diagnostics;

namespace HashGrid.Server.Tests.Support;

/// <summary>The command line tool that was built beside these tests, as a process of its own.</summary>
internal static class ToolProcess
{
    /// <summary>Starts it; the caller reads both outputs, waits for it and disposes it.</summary>
    public static Process Start(params string[] arguments)
    {
        // artifacts/bin/HashGrid.Server.Tests/debug/ → artifacts/bin/hashgrid/debug/hashgrid.dll
        string own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string path = Path.GetFullPath(Path.Combine(own, "..", "..", "hashgrid", Path.GetFileName(own), "hashgrid.dll"));
        if (!File.Exists(path)) throw new FileNotFoundException($"{path} does not exist; build the solution first");
        ProcessStartInfo start = new("dotnet", [path, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet could not be started");
    }
}
