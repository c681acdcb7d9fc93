using Grpc.Core;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Services;

/// <summary>Reads one stream's requests: with an idle limit, and until the server drains.</summary>
internal sealed class StreamInput<T> : IDisposable
    where T : class
{
    private readonly IAsyncStreamReader<T> _reader;
    private readonly CancellationToken _call;
    private readonly CancellationToken _drain;
    private readonly CancellationTokenSource _timer;
    private readonly TimeSpan _idle;

    /// <param name="reader">The stream.</param>
    /// <param name="idle">How long the next request may take.</param>
    /// <param name="drain">Ends reading without an error.</param>
    /// <param name="call">Ends reading with a cancellation.</param>
    public StreamInput(IAsyncStreamReader<T> reader, TimeSpan idle, CancellationToken drain, CancellationToken call)
    {
        (_reader, _idle, _drain, _call) = (reader, idle, drain, call);
        _timer = CancellationTokenSource.CreateLinkedTokenSource(drain, call);
    }

    /// <summary>The server is stopping, and nothing more is read.</summary>
    public bool Drained => _drain.IsCancellationRequested;

    /// <summary>The next request; null at the end of the stream or when the server drains.</summary>
    /// <exception cref="ServiceException">Nothing came in time.</exception>
    public ValueTask<T?> NextAsync() => NextAsync(_idle, Idle);

    /// <summary>The next request, which has to come within <paramref name="limit"/>.</summary>
    /// <param name="limit">Positive.</param>
    /// <param name="late">What is thrown if it does not.</param>
    public async ValueTask<T?> NextAsync(TimeSpan limit, Func<ServiceException> late)
    {
        if (Drained) return null;
        _timer.CancelAfter(limit);
        try
        {
            return await _reader.MoveNext(_timer.Token) ? _reader.Current : null;
        }
        catch (OperationCanceledException) when (_call.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (Drained)
        {
            return null;
        }
        catch (OperationCanceledException) when (_timer.IsCancellationRequested)
        {
            throw late();
        }
        finally
        {
            _timer.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private ServiceException Idle() =>
        new(ErrorReason.StreamIdle, $"nothing came on the stream for {_idle.TotalSeconds:0.#} s; {ErrorTable.Get(ErrorReason.StreamIdle).Remedy}");
}
