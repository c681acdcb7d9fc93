using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HashGrid.LoadGen;

/// <summary>The schedule of an open loop: intended send times that do not depend on what comes back.</summary>
/// <param name="rate">Arrivals a second.</param>
/// <param name="arrivals">How the gaps are drawn.</param>
/// <param name="seed">Of the gaps.</param>
internal sealed class ArrivalClock(double rate, Arrivals arrivals, int seed)
{
    // Half of all arrivals come in a tenth of the time: 200 ms of every 2 s at five times the mean rate.
    private const double BurstPeriod = 2, BurstLength = 0.2, InBurst = 5, Between = (1 - InBurst * BurstLength / BurstPeriod) / (1 - BurstLength / BurstPeriod);

    private readonly Random _random = new(seed);

    /// <summary>Calls <paramref name="arrive"/> at each intended time, with that time, on this thread, until the end or the cancellation.</summary>
    /// <remarks>A call that comes late is still told its intended time; after a delay the arrivals due come at once.</remarks>
    public void Run(TimeSpan length, Action<long> arrive, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        double next = Gap(0);
        while (next < length.TotalSeconds && !ct.IsCancellationRequested)
        {
            double now = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (now < next)
            {
                Sleep(next - now);
                continue;
            }
            arrive(start + (long)(next * Stopwatch.Frequency));
            next += Gap(next);
        }
    }

    private double Gap(double at)
    {
        double factor = arrivals != Arrivals.Burst ? 1 : at % BurstPeriod < BurstLength ? InBurst : Between;
        return (arrivals == Arrivals.Constant ? 1 : -Math.Log(1 - _random.NextDouble())) / (rate * factor);
    }

    // Thread.Sleep knows milliseconds, too coarse for 10,000 arrivals a second; usleep comes within about 60 µs.
    private static void Sleep(double seconds)
    {
        double shortened = Math.Min(seconds, 0.05);
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
            _ = MicroSleep((uint)(shortened * 1e6));
        else
            Thread.Sleep(TimeSpan.FromSeconds(shortened));
    }

    [DllImport("libc", EntryPoint = "usleep")]
    private static extern int MicroSleep(uint microseconds);
}
