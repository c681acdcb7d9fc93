using Microsoft.Extensions.Logging;

namespace HashGrid.Client;

/// <summary>How a <see cref="HashGridClient"/> connects, waits and comes back after a lost connection.</summary>
public sealed record HashGridClientOptions
{
    /// <summary>Deadline of a call that is no stream; the server drops the work when it has passed. Default 30 s, more than 0.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Deadline of <see cref="HashGridClient.SnapshotAsync"/>, which writes the whole index. Default 10 minutes, more than 0.</summary>
    public TimeSpan SnapshotTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a connection attempt may take. Default 5 s, more than 0.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Streams: the wait before the first reconnect; doubles with each, and each is shortened at random by up to half. Default 100 ms, more than 0.</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Streams: the longest wait between two attempts. Default 5 s, at least <see cref="ReconnectDelay"/>.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Streams: how long to try without hearing from the server before giving up. Default 1 minute; 0 never reconnects.</summary>
    public TimeSpan ReconnectTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Streams: silence of the server, while items wait for an answer, after which the connection counts as lost. Default 1 minute, more than 0.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Images, or searches, of one stream that were sent and not answered. Default 64, 1 to 4,096.</summary>
    public int StreamWindow { get; init; } = 64;

    /// <summary>Largest reply that is accepted, in bytes. 10,000 matches with labels and codes are about 5 MiB. Default 64 MiB, 1 MiB or more.</summary>
    public int MaxReplyBytes { get; init; } = 64 << 20;

    /// <summary>Sent as <c>authorization: Bearer KEY</c> with every call. Null: none. Never logged; refused over http to another machine, where it could be read.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Last word on the connection's handler: certificates for mTLS, an authority of your own. Leave EnableMultipleHttp2Connections on.</summary>
    public Action<SocketsHttpHandler>? ConfigureHandler { get; init; }

    /// <summary>Where the client logs reconnects. Null: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The clock behind waits and time-outs.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Every problem with these settings; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        Positive(nameof(CallTimeout), CallTimeout);
        Positive(nameof(SnapshotTimeout), SnapshotTimeout);
        Positive(nameof(ConnectTimeout), ConnectTimeout);
        Positive(nameof(ReconnectDelay), ReconnectDelay);
        Positive(nameof(ReplyTimeout), ReplyTimeout);
        if (MaxReconnectDelay < ReconnectDelay)
            problems.Add($"MaxReconnectDelay is {MaxReconnectDelay}, but at least ReconnectDelay ({ReconnectDelay}) is needed");
        if (ReconnectTimeout < TimeSpan.Zero)
            problems.Add($"ReconnectTimeout is {ReconnectTimeout}, but 0 or more is needed");
        if (StreamWindow is < 1 or > 4096)
            problems.Add($"StreamWindow is {StreamWindow}, but 1 to 4096 are possible");
        if (MaxReplyBytes < 1 << 20)
            problems.Add($"MaxReplyBytes is {MaxReplyBytes}, but at least {1 << 20} are needed");
        if (ApiKey is not null && (ApiKey.Length == 0 || ApiKey.Any(c => c is <= ' ' or > '~')))
            problems.Add("ApiKey is empty or holds characters that a header cannot carry");
        return problems;

        void Positive(string name, TimeSpan value)
        {
            if (value <= TimeSpan.Zero)
                problems.Add($"{name} is {value}, but more than 0 is needed");
        }
    }
}
