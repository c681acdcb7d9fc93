using Microsoft.AspNetCore.Connections;

namespace HashGrid.Server.Hosting;

/// <summary>One line for a start that failed: what, found, expected, what to do.</summary>
public static class StartFailure
{
    public static string Describe(Exception failure) => failure switch
    {
        IOException { InnerException: AddressInUseException } inUse => $"{FirstLine(inUse.Message).TrimEnd('.')}; choose another address with --listen, or stop the process that holds it",
        AggregateException { InnerExceptions: [var only] } => Describe(only),
        _ => FirstLine(failure.Message),
    };

    private static string FirstLine(string message)
    {
        int end = message.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? message : message[..end];
    }
}
