using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace HashGrid.Client.Transport;

/// <summary>Keeps a stream alive over many connections: back-off with jitter, the server's hint, and an end to patience.</summary>
internal sealed partial class Reconnector(HashGridClientOptions options, string address, ILogger log)
{
    /// <summary>Runs connections until one ends the stream.</summary>
    /// <param name="connect">One connection. True: the stream is finished. False: the server ended it early, connect again.</param>
    /// <param name="ct">Ends everything.</param>
    /// <exception cref="HashGridException">The server refused the stream, or could not be reached for too long.</exception>
    public async Task RunAsync(Func<Attempt, Task<bool>> connect, CancellationToken ct)
    {
        bool everAnswered = false;
        int failures = 0;
        long lastAnswer = options.TimeProvider.GetTimestamp();
        while (true)
        {
            using CancellationTokenSource life = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var attempt = new Attempt(options.TimeProvider, life.Token);
            RpcException failure;
            try
            {
                using ITimer watch = Watch(attempt, life);
                if (await connect(attempt).ConfigureAwait(false))
                    return;
                failure = new RpcException(new Status(StatusCode.Unavailable, "the server ended the stream before every item was answered"));
            }
            catch (RpcException exception)
            {
                ct.ThrowIfCancellationRequested();
                failure = exception;
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested && life.IsCancellationRequested)
            {
                failure = new RpcException(new Status(StatusCode.Unavailable, $"the server was silent for {options.ReplyTimeout} although items waited for an answer"));
            }

            TimeSpan? hint = Failures.RetryAfter(failure);
            if (attempt.Answered)
            {
                everAnswered = true;
                failures = 0;
                lastAnswer = options.TimeProvider.GetTimestamp();
            }
            // A first connection that fails is most often a wrong address: tell at once, unless the server itself says "later".
            bool mayRetry = Failures.IsTransient(failure) && (everAnswered || hint is not null);
            if (!mayRetry || options.TimeProvider.GetElapsedTime(lastAnswer) >= options.ReconnectTimeout)
                throw HashGridException.From(failure, address);
            TimeSpan delay = Delay(failures++, hint);
            LogReconnect(log, address, failure.StatusCode, delay.TotalMilliseconds);
            await Task.Delay(delay, options.TimeProvider, ct).ConfigureAwait(false);
        }
    }

    private TimeSpan Delay(int failures, TimeSpan? hint)
    {
        double longest = Math.Min(options.MaxReconnectDelay.TotalMilliseconds, options.ReconnectDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30)));
        // Jitter keeps a thousand clients of one restarted server from coming back in the same millisecond.
        TimeSpan own = TimeSpan.FromMilliseconds(longest * (1 - (Random.Shared.NextDouble() / 2)));
        return hint > own ? hint.Value : own;
    }

    private ITimer Watch(Attempt attempt, CancellationTokenSource life)
    {
        TimeSpan period = options.ReplyTimeout / 4;
        return options.TimeProvider.CreateTimer(
            _ =>
            {
                try
                {
                    if (attempt.IsSilentFor(options.ReplyTimeout))
                        life.Cancel();
                }
                catch (ObjectDisposedException)
                {
                    // The connection ended while this ran.
                }
            },
            null, period, period);
    }

    [LoggerMessage(1, LogLevel.Information, "Stream to {Address} ended with {Status}; reconnecting in {DelayMilliseconds:F0} ms")]
    private static partial void LogReconnect(ILogger logger, string address, StatusCode status, double delayMilliseconds);
}
