using System.Diagnostics;
using System.Threading.Channels;
using Grpc.Core;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Services;

/// <summary>
/// The bounded window of one duplex stream: a request enters, its reply is posted whenever it is ready, and one loop writes. Room comes
/// back when a reply has been written, so a client that never reads stops itself and holds a bounded number of replies.
/// </summary>
/// <param name="writer">Of the call.</param>
/// <param name="size">Requests without a written reply.</param>
/// <param name="metrics">Told how long the connection took to accept each reply.</param>
/// <param name="method">Of the call.</param>
internal sealed class ReplyWindow<T>(IServerStreamWriter<T> writer, int size, ServerMetrics metrics, string method) : IDisposable
{
    private readonly SemaphoreSlim _free = new(size);
    private readonly Channel<(T Reply, int Room)> _replies = Channel.CreateUnbounded<(T Reply, int Room)>(new UnboundedChannelOptions { SingleReader = true });
    private int _open = 1;   // the reader itself, and each request without a posted reply

    /// <summary>Waits for room for one more request; one caller at a time.</summary>
    /// <param name="ct">Gives up waiting; nothing more may enter after that.</param>
    /// <param name="room">Places that its reply takes; as many as there are, at most.</param>
    public async Task EnterAsync(CancellationToken ct, int room = 1)
    {
        for (int i = 0; i < Math.Min(room, size); i++) await _free.WaitAsync(ct);
        Interlocked.Increment(ref _open);
    }

    /// <summary>Answers a request that entered; never blocks.</summary>
    /// <param name="reply">The answer.</param>
    /// <param name="room">What it entered with.</param>
    public void Post(T reply, int room = 1)
    {
        metrics.RepliesChanged(1);
        if (!_replies.Writer.TryWrite((reply, room))) metrics.RepliesChanged(-1);   // the call is over
        Leave();
    }

    /// <summary>Forgets a request that entered and will not be answered.</summary>
    public void Abandon() => Leave();

    /// <summary>No further request enters.</summary>
    public void Complete() => Leave();

    /// <summary>Writes replies until the window is complete and every request is answered.</summary>
    public async Task WriteAsync(CancellationToken ct)
    {
        await foreach ((T reply, int room) in _replies.Reader.ReadAllAsync(ct))
        {
            try
            {
                long start = Stopwatch.GetTimestamp();
                await writer.WriteAsync(reply, ct);
                metrics.ReplyWritten(method, Stopwatch.GetElapsedTime(start));
            }
            finally
            {
                metrics.RepliesChanged(-1);
            }
            _free.Release(Math.Min(room, size));
        }
    }

    /// <summary>Drops what was not written; what is posted later is dropped at once.</summary>
    public void Dispose()
    {
        _replies.Writer.TryComplete();
        while (_replies.Reader.TryRead(out _)) metrics.RepliesChanged(-1);
        _free.Dispose();
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _open) == 0) _replies.Writer.TryComplete();
    }
}
