namespace HashGrid.Server.Hosting;

/// <summary>What is worth a line: the server's own events, and warnings of the libraries, except those that the edge already tells.</summary>
internal static class LogFilter
{
    public static bool Wants(string? category, LogLevel level, LogLevel own)
    {
        if (category is null || category.StartsWith("HashGrid.", StringComparison.Ordinal)) return level >= own;
        // A start that fails is told in one line by ServerHost; failed calls by the error interceptor.
        if (category is "Microsoft.AspNetCore.Server.Kestrel" or "Microsoft.Extensions.Hosting.Internal.Host") return false;
        if (category.StartsWith("Grpc.", StringComparison.Ordinal)) return false;
        return level >= LogLevel.Warning;
    }
}
