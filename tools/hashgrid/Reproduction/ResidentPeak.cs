namespace HashGrid.CommandLine.Reproduction;

/// <summary>The largest resident memory of this process between its creation and its end, looked at every 20 ms.</summary>
internal sealed class ResidentPeak : IDisposable
{
    private readonly Timer _timer;
    private long _most = Environment.WorkingSet;

    public ResidentPeak() => _timer = new Timer(_ => Look(), null, 0, 20);

    public double Megabytes
    {
        get
        {
            Look();
            return Volatile.Read(ref _most) / 1e6;
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
