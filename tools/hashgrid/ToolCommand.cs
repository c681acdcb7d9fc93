using System.CommandLine;

namespace HashGrid.CommandLine;

/// <summary>A command with examples.</summary>
internal abstract class ToolCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Whole command lines, printed by --help.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
