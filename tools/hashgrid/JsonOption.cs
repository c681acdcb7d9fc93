using System.CommandLine;

namespace HashGrid.CommandLine;

/// <summary><c>--json</c>: the answer as JSON on stdout, and nothing else there.</summary>
internal sealed class JsonOption : Option<bool>
{
    public JsonOption()
        : base("--json") => Description = "Print JSON for a program to read (ids are strings: they need 64 bits)";
}
