using System.Threading.Channels;
using Grpc.Core;

namespace HashGrid.Server.Services;

/// <summary>
/// The bounded window of one duplex stream: a request enters, its reply is posted whenever it is ready, and one loop writes. Room comes
/// back when a reply has been written, so a client that never reads stops itself and holds a bounded number of replies.
/// </summary>
internal sealed class ReplyWindow<T>(IServerStreamWriter<T> writer, int size) : IDisposable
{
    private readonly SemaphoreSlim _free = new(size);
    private readonly Channel<T> _replies = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true });
    private int _open = 1;   // the reader itself, and each request without a posted reply

    /// <summary>Waits for room for one more request.</summary>
    public async Task EnterAsync(CancellationToken ct)
    {
        await _free.WaitAsync(ct);
        Interlocked.Increment(ref _open);
    }

    /// <summary>Answers a request that entered; never blocks.</summary>
    public void Post(T reply)
    {
        _replies.Writer.TryWrite(reply);
        Leave();
    }

    /// <summary>Forgets a request that entered and will not be answered.</summary>
    public void Abandon() => Leave();

    /// <summary>No further request enters.</summary>
    public void Complete() => Leave();

    /// <summary>Writes replies until the window is complete and every request is answered.</summary>
    public async Task WriteAsync(CancellationToken ct)
    {
        await foreach (T reply in _replies.Reader.ReadAllAsync(ct))
        {
            await writer.WriteAsync(reply, ct);
            _free.Release();
        }
    }

    public void Dispose() => _free.Dispose();

    private void Leave()
    {
        if (Interlocked.Decrement(ref _open) == 0) _replies.Writer.TryComplete();
    }
}
