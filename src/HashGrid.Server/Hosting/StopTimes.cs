namespace HashGrid.Server.Hosting;

/// <summary>
/// How the time from the signal to the end of the process is divided: 4.8 s with the default drain time, whatever the store holds, and whoever
/// does not read, answer or finish.
/// </summary>
public static class StopTimes
{
    /// <summary>Beyond <see cref="ServerOptions.DrainTimeout"/>, which the streams use up themselves: for the last words on each connection.</summary>
    public static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// .NET's HTTP/2 client drops an answer that it has received, but not yet handed out, when the connection closes before it has taken back its
    /// unfinished request: so the connections stay open for a moment.
    /// </summary>
    public static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(200);

    /// <summary>From the signal until connections that are still open are cut off.</summary>
    public static TimeSpan Connections(ServerOptions options) => options.DrainTimeout + TimeSpan.FromSeconds(1);

    /// <summary>From the signal until a last snapshot is given up, and parts that have not ended are left behind: the journal holds everything.</summary>
    public static TimeSpan Parts(ServerOptions options) => options.DrainTimeout + TimeSpan.FromSeconds(2);

    /// <summary>From the signal until the process leaves, closed or not.</summary>
    public static TimeSpan All(ServerOptions options) => options.DrainTimeout + TimeSpan.FromSeconds(2.3);

    /// <summary>For closing the store, however much of the time the connections took.</summary>
    public static readonly TimeSpan LeastForClosing = TimeSpan.FromMilliseconds(300);
}
