using System.Diagnostics;

namespace HashGrid.CommandLine;

/// <summary>This program once more, as a process of its own.</summary>
internal static class OwnProgram
{
    /// <summary>How to start it: `dotnet hashgrid.dll` or the program's own executable, whichever runs now.</summary>
    public static ProcessStartInfo Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(OwnProgram).Assembly.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }
}
