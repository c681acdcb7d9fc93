using System.Diagnostics;

namespace HashGrid.Index.Segments;

/// <summary>Tells the caller how far a build is, a few times a second at most; several threads may advance it.</summary>
internal sealed class BuildReporter(IProgress<BuildProgress> progress)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private BuildStage _stage;
    private long _total;
    private long _done;
    private long _told;

    /// <summary>A stage begins.</summary>
    public void Begin(BuildStage stage, long total)
    {
        (_stage, _total) = (stage, total);
        Volatile.Write(ref _done, 0);
        Tell();
    }

    /// <summary>More of the stage is done.</summary>
    public void Advance(int count)
    {
        long done = Interlocked.Add(ref _done, count), told = Volatile.Read(ref _told);
        if (done != _total && Stopwatch.GetElapsedTime(told) < Pause) return;
        if (Interlocked.CompareExchange(ref _told, Stopwatch.GetTimestamp(), told) == told || done == _total) Tell();
    }

    private void Tell()
    {
        Volatile.Write(ref _told, Stopwatch.GetTimestamp());
        progress.Report(new BuildProgress(_stage, Volatile.Read(ref _done), _total));
    }
}
