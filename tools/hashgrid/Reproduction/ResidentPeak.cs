namespace HashGrid.CommandLine.Reproduction;

/// <summary>How far the resident memory of this process rises above what it was in the beginning, looked at every 10 ms.</summary>
/// <remarks>Right only in a process that has not held more before: memory that was given back to the allocator alone would be taken again unseen.</remarks>
internal sealed class ResidentPeak : IDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(10);
    private readonly long _before;
    private readonly Timer _timer;
    private long _most;

    public ResidentPeak()
    {
        GC.Collect();
        _most = _before = Environment.WorkingSet;
        _timer = new Timer(_ => Look(), null, TimeSpan.Zero, Between);
    }

    public double Megabytes
    {
        get
        {
            Look();
            return (Volatile.Read(ref _most) - _before) / 1e6;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        long now = Environment.WorkingSet, seen = Volatile.Read(ref _most);
        if (now > seen)
            Volatile.Write(ref _most, now);
    }
}
