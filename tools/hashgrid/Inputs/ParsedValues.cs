using System.CommandLine;
using System.CommandLine.Parsing;

namespace HashGrid.CommandLine.Inputs;

/// <summary>Values of a command line that may be wrong in places.</summary>
internal static class ParsedValues
{
    /// <summary>The option's value; its default when what was given cannot be read, for which the parser has an error.</summary>
    public static T? ValueOrDefault<T>(this ParseResult parsed, Option<T> option)
    {
        bool wrong = parsed.Errors.Any(error => error.SymbolResult is OptionResult result && result.Option == option);
        if (!wrong) return parsed.GetValue(option);
        return option.HasDefaultValue && option.GetDefaultValue() is T value ? value : default;
    }
}
