namespace HashGrid.Tools.Tests.Support;

/// <summary>One run of a built tool as its own process.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
