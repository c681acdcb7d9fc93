using System.Net.Sockets;

namespace HashGrid.Server.Hosting;

/// <summary>A killed server leaves its socket file behind, and the next one could not listen: a file that nobody answers on is removed.</summary>
public static class UnixSocketFiles
{
    public static void RemoveStale(ServerOptions options)
    {
        foreach (string? text in options.Listen.Append(options.MetricsListen))
        {
            if (text is null || ListenAddress.Parse(text, out _) is not { UnixPath: { } path } address || !File.Exists(path)) continue;
            using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(address.EndPoint);
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                File.Delete(path);
            }
        }
    }
}
