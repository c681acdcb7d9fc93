namespace HashGrid.CommandLine;

/// <summary>The command line cannot be right; the message is one line for people.</summary>
internal sealed class UsageException(string message) : Exception(message);
