namespace HashGrid.Server.Hosting;

/// <summary>What is worth a line: the server's own events, and warnings of the libraries, except those that the edge already tells. Thread-safe.</summary>
/// <param name="own">The least severe of the server's own events.</param>
public sealed class LogFilter(LogLevel own)
{
    private volatile bool _started;

    /// <summary>The server has started: from here on nobody else tells what Kestrel and the host complain of.</summary>
    public void Started() => _started = true;

    public bool Wants(string? category, LogLevel level)
    {
        if (category is null || category.StartsWith("HashGrid.", StringComparison.Ordinal)) return level >= own;
        // A start that fails is told in one line by ServerHost; later these two tell of failed middleware, and of a listener that takes no connections.
        if (category is "Microsoft.AspNetCore.Server.Kestrel" or "Microsoft.Extensions.Hosting.Internal.Host") return _started && level >= LogLevel.Error;
        // Failed calls are told by the error interceptor.
        if (category.StartsWith("Grpc.", StringComparison.Ordinal)) return false;
        return level >= LogLevel.Warning;
    }
}
