namespace HashGrid.Client.Transport;

/// <summary>One connection of a stream: its life, and when the server was last heard.</summary>
internal sealed class Attempt(TimeProvider time, CancellationToken token)
{
    private long _lastSign = time.GetTimestamp();

    /// <summary>Ends when the stream is cancelled or the server has been silent for too long.</summary>
    public CancellationToken Token { get; } = token;

    /// <summary>The server answered at least once.</summary>
    public bool Answered { get; private set; }

    /// <summary>Whether an answer is due. Asked from a timer's thread.</summary>
    public Func<bool> Waiting { get; set; } = () => true;

    /// <summary>A reply came.</summary>
    public void Heard()
    {
        Answered = true;
        Volatile.Write(ref _lastSign, time.GetTimestamp());
    }

    /// <summary>To be asked regularly: whether the server owes an answer for longer than <paramref name="limit"/>. Time in which nothing was due does not count.</summary>
    public bool IsSilentFor(TimeSpan limit)
    {
        if (!Waiting())
            Volatile.Write(ref _lastSign, time.GetTimestamp());
        return time.GetElapsedTime(Volatile.Read(ref _lastSign)) >= limit;
    }
}
