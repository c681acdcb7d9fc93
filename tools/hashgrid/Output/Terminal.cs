using Spectre.Console;

namespace HashGrid.CommandLine.Output;

/// <summary>Where people read: colours and live progress on a terminal, plain lines anywhere else.</summary>
internal static class Terminal
{
    private const int PlainWidth = 160;

    /// <summary>stdout.</summary>
    public static IAnsiConsole Out { get; } = Create(Console.Out, Console.IsOutputRedirected);

    /// <summary>stderr, for progress: stdout stays clean for what was asked for.</summary>
    public static IAnsiConsole Error { get; } = Create(Console.Error, Console.IsErrorRedirected);

    public static bool ErrorIsInteractive => !Console.IsErrorRedirected;

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new AnsiConsoleOutput(writer),
        });
        // A pipe has no width of its own; 80 would cut file names.
        if (redirected)
            console.Profile.Width = PlainWidth;
        return console;
    }
}
