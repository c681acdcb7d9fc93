namespace HashGrid.CommandLine;

/// <summary>The command could not do its work; the message is one line for people.</summary>
internal sealed class CommandException(string message) : Exception(message);
