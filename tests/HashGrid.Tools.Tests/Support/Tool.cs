using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HashGrid.Tools.Tests.Support;

/// <summary>Runs the tools that were built beside these tests.</summary>
internal static class Tool
{
    // Four test programs share two cores; the longest run, of reproduce, takes most of a minute on them alone.
    public static TimeSpan Limit => TimeSpan.FromMinutes(5);

    public static Task<ToolRun> HashGridAsync(params string[] arguments) => RunAsync("hashgrid", arguments);

    public static Task<ToolRun> LoadGenAsync(params string[] arguments) => RunAsync("loadgen", arguments);

    /// <summary>Waits for a tool that <see cref="Start"/> started, and takes what it has not been asked for yet.</summary>
    public static async Task<ToolRun> EndAsync(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        try
        {
            await Task.WhenAll(process.WaitForExitAsync(), output, error).WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return new ToolRun(process.ExitCode, await output, await error);
    }

    /// <summary>Starts a tool; the caller waits for it and disposes it.</summary>
    public static Process Start(string tool, params string[] arguments)
    {
        // A shell ignores SIGINT for what it starts in the background, and children inherit that: tests that interrupt need the default back.
        var start = new ProcessStartInfo(OperatingSystem.IsLinux() ? "env" : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        if (OperatingSystem.IsLinux())
        {
            start.ArgumentList.Add("--default-signal=INT");
            start.ArgumentList.Add("dotnet");
        }
        start.ArgumentList.Add(PathOf(tool));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (string name in (string[])["HASHGRID_SERVER", "HASHGRID_API_KEY"])
            start.Environment.Remove(name);
        start.Environment["HASHGRID_MODEL"] = TinyModel.Path;
        return Process.Start(start)!;
    }

    public static void Signal(Process process, PosixSignal signal) =>
        Assert.That(Kill(process.Id, signal == PosixSignal.SIGINT ? 2 : 15), Is.Zero, "the signal was not delivered");

    private static async Task<ToolRun> RunAsync(string tool, string[] arguments)
    {
        using Process process = Start(tool, arguments);
        return await EndAsync(process);
    }

    // artifacts/bin/HashGrid.Tools.Tests/debug/ → artifacts/bin/TOOL/debug/TOOL.dll
    private static string PathOf(string tool)
    {
        string own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string path = Path.GetFullPath(Path.Combine(own, "..", "..", tool, Path.GetFileName(own), tool + ".dll"));
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} does not exist; build the solution first");
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);
}
