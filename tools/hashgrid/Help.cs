using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace HashGrid.CommandLine;

/// <summary>--help with examples at its end, so that the list of all commands stays short.</summary>
internal sealed class Help : SynchronousCommandLineAction
{
    private readonly HelpAction _standard = new();

    public static void InstallIn(RootCommand root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
            option.Action = new Help();
    }

    // Asking for help is right whatever else stands on the line.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = _standard.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ToolCommand { Examples: { Count: > 0 } examples })
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in examples)
                output.WriteLine("  " + example);
        }
        return code;
    }
}
