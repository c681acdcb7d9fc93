using System.Net;
using System.Net.Sockets;

namespace HashGrid.Server.Tests.Support;

/// <summary>
/// A server that takes a call and gives its connection up with an HTTP/2 error of its own, as Kestrel does with a connection whose pings
/// nobody answered: GOAWAY, then the end.
/// </summary>
internal sealed class LostConnection : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private readonly byte _errorCode;
    private int _connections;

    /// <param name="errorCode">Of HTTP/2: 1 is PROTOCOL_ERROR, 2 INTERNAL_ERROR.</param>
    public LostConnection(byte errorCode)
    {
        _errorCode = errorCode;
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient connection = await _listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                await LoseAsync(connection.GetStream());
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task LoseAsync(NetworkStream stream)
    {
        await stream.WriteAsync(Frame(type: 4, flags: 0), _stop.Token);   // SETTINGS
        byte[] preface = new byte[24], head = new byte[9];
        await stream.ReadExactlyAsync(preface, _stop.Token);
        while (true)
        {
            await stream.ReadExactlyAsync(head, _stop.Token);
            byte[] payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, _stop.Token);
            if (head[3] == 4 && head[4] == 0) await stream.WriteAsync(Frame(type: 4, flags: 1), _stop.Token);   // their settings are known
            if (head[3] != 1) continue;
            // HEADERS: a call. It counts as begun, so that nobody may repeat it unasked.
            await stream.WriteAsync(Frame(type: 7, flags: 0, [head[5], head[6], head[7], head[8], 0, 0, 0, _errorCode]), _stop.Token);
            await Task.Delay(50, _stop.Token);   // a close that overtakes it would be another failure
            return;
        }
    }

    private static byte[] Frame(byte type, byte flags, params byte[] payload) => [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];
}
