using System.Net;
using System.Net.Sockets;

namespace HashGrid.Server.Tests.Support;

/// <summary>Stands between a client and a server, and stops what the client sends after a number of bytes until the test says to go on; what the server says passes always.</summary>
internal sealed class HoldingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Uri _target;
    private readonly long _holdAfterBytes;
    private readonly Task _accepting;

    public HoldingRelay(string target, long holdAfterBytes)
    {
        (_target, _holdAfterBytes) = (new Uri(target), holdAfterBytes);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public void Release() => _released.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true) connections.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
        await Task.WhenAll(connections);
    }

    private async Task RelayAsync(TcpClient client)
    {
        using TcpClient from = client, to = new();
        try
        {
            await to.ConnectAsync(IPAddress.Loopback, _target.Port, _stop.Token);
            // The first side that ends, ends both.
            await await Task.WhenAny(CopyAsync(from.GetStream(), to.GetStream(), _holdAfterBytes), CopyAsync(to.GetStream(), from.GetStream(), long.MaxValue));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // No server is there, or one of the two has gone.
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, long holdAfterBytes)
    {
        byte[] buffer = new byte[16 << 10];
        long copied = 0;
        while (await from.ReadAsync(buffer, _stop.Token) is > 0 and int length)
        {
            copied += length;
            if (copied > holdAfterBytes) await _released.Task.WaitAsync(_stop.Token);
            await to.WriteAsync(buffer.AsMemory(0, length), _stop.Token);
        }
    }
}
