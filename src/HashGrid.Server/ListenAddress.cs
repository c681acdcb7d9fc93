using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace HashGrid.Server;

/// <summary>One place to listen: <c>127.0.0.1:5080</c>, <c>[::1]:0</c>, <c>localhost:5080</c> or <c>unix:/run/hashgrid.sock</c>. Port 0 takes a free one.</summary>
public sealed record ListenAddress
{
    // sockaddr_un holds 108 bytes with the closing zero on Linux.
    private const int MaxUnixPathBytes = 107;

    private ListenAddress(string text, EndPoint endPoint) => (Text, EndPoint) = (text, endPoint);

    public string Text { get; }

    public EndPoint EndPoint { get; }

    /// <summary>Only this machine can reach it.</summary>
    public bool IsLocal => EndPoint is UnixDomainSocketEndPoint || (EndPoint is IPEndPoint ip && IPAddress.IsLoopback(ip.Address));

    /// <summary>The path of a Unix domain socket, else null.</summary>
    public string? UnixPath => EndPoint is UnixDomainSocketEndPoint ? Text["unix:".Length..] : null;

    /// <summary>Reads an address; <paramref name="problem"/> says what is wrong with it otherwise.</summary>
    public static ListenAddress? Parse(string text, out string? problem)
    {
        problem = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            string path = text["unix:".Length..];
            if (path.Length == 0) problem = "names no path";
            else if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxUnixPathBytes) problem = $"is longer than the {MaxUnixPathBytes} bytes a socket path may have";
            return problem is null ? new ListenAddress(text, new UnixDomainSocketEndPoint(path)) : null;
        }
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port > 65535)
        {
            problem = "has no port from 0 to 65535 behind the last colon";
            return null;
        }
        string host = text[..colon];
        if (host == "localhost") return new ListenAddress(text, new IPEndPoint(IPAddress.Loopback, port));
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':')) problem = "is IPv6 without square brackets";
        if (problem is null && IPAddress.TryParse(host, out IPAddress? address)) return new ListenAddress(text, new IPEndPoint(address, port));
        problem ??= "is neither an IP address, localhost, nor unix:/path";
        return null;
    }

    public override string ToString() => Text;
}
