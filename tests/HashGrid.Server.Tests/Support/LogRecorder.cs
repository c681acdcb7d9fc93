using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace HashGrid.Server.Tests.Support;

/// <summary>Keeps every line that the server logs, with all that a formatter could print: words, named values, exception.</summary>
internal sealed class LogRecorder : ILoggerProvider
{
    private readonly ConcurrentQueue<(int Event, LogLevel Level, string Text)> _lines = new();

    public (int Event, LogLevel Level, string Text)[] Lines => [.. _lines];

    public string Everything => string.Join('\n', _lines.Select(line => line.Text));

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogRecorder owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string values = state is IEnumerable<KeyValuePair<string, object?>> named ? string.Join(' ', named.Select(value => $"{value.Key}={value.Value}")) : "";
            owner._lines.Enqueue((eventId.Id, logLevel, $"{category}[{eventId.Id}] {formatter(state, exception)} {values} {exception}"));
        }
    }
}
