using System.Diagnostics;

namespace HashGrid.CommandLine.Bench;

/// <summary>Something that computes images, measured in stretches: the fastest counts, since anything else on the machine only slows them.</summary>
/// <param name="images">Images of one run.</param>
/// <param name="run">Computes them.</param>
/// <param name="processor">Processor time used so far by whoever computes; null: this process.</param>
internal sealed class TimedWork(int images, Action run, Func<TimeSpan>? processor = null)
{
    /// <summary>What has to be done before each stretch, outside of the clock.</summary>
    public Action? Before { get; init; }

    /// <summary>The same after it.</summary>
    public Action? After { get; init; }

    /// <summary>Images a second of the fastest stretch.</summary>
    public double Rate { get; private set; }

    /// <summary>Processor time for an image, of the cheapest stretch: what is left of the figure on a busy machine.</summary>
    public double ProcessorMilliseconds { get; private set; } = double.PositiveInfinity;

    /// <summary>This work's processor time over another's; null where a clock that ticks every 10 ms has seen none.</summary>
    public double? ProcessorTimes(TimedWork other, int digits) =>
        ProcessorMilliseconds > 0 && other.ProcessorMilliseconds > 0 ? Math.Round(ProcessorMilliseconds / other.ProcessorMilliseconds, digits) : null;

    /// <summary>Runs for that long, at least once.</summary>
    public void Stretch(TimeSpan time)
    {
        Before?.Invoke();
        TimeSpan used = Processor();
        long begin = Stopwatch.GetTimestamp();
        int done = 0;
        do
        {
            run();
            done += images;
        }
        while (Stopwatch.GetElapsedTime(begin) < time);
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        Rate = Math.Max(Rate, done / seconds);
        ProcessorMilliseconds = Math.Min(ProcessorMilliseconds, (Processor() - used).TotalMilliseconds / done);
        After?.Invoke();
    }

    /// <summary>Measures several in turn, so that a slow moment of the machine hits all of them; the first run of each does not count.</summary>
    public static void InTurn(IReadOnlyList<TimedWork> works, double seconds, CancellationToken ct)
    {
        const int Stretches = 5;
        foreach (TimedWork work in works) work.Stretch(TimeSpan.Zero);
        foreach (TimedWork work in works) (work.Rate, work.ProcessorMilliseconds) = (0, double.PositiveInfinity);
        for (int stretch = 0; stretch < Stretches; stretch++)
        {
            foreach (TimedWork work in works)
            {
                ct.ThrowIfCancellationRequested();
                work.Stretch(TimeSpan.FromSeconds(seconds / Stretches));
            }
        }
    }

    private TimeSpan Processor()
    {
        if (processor is not null) return processor();
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }
}
