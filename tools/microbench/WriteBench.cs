using System.Diagnostics;
using HashGrid.Index;

namespace HashGrid.MicroBench;

/// <summary>Adds and removes on one thread while another searches; how long searches take with and without the writer.</summary>
internal static class WriteBench
{
    public static int Run(int count)
    {
        var width = new CodeWidth(64);
        var random = new Random(20261);
        var codes = new ulong[count];
        for (int i = 0; i < count; i++) codes[i] = (ulong)random.NextInt64() * 3;
        using HammingIndex index = HammingIndex.Build(width, [], codes);
        double[] idle = Searches(index, codes, TimeSpan.FromSeconds(2), default);
        using var stop = new CancellationTokenSource();
        Task<double[]> reader = Task.Factory.StartNew(() => Searches(index, codes, TimeSpan.MaxValue, stop.Token), TaskCreationOptions.LongRunning);
        double adds = Rate(count, i => index.Add((ulong)(count + i), [codes[i] ^ 1]));
        double upserts = Rate(count, i => index.Upsert((ulong)(count + i), [codes[i] ^ 2]));
        double removes = Rate(count, i => index.Remove((ulong)(count + i)));
        stop.Cancel();
        double[] busy = reader.Result;
        Console.WriteLine(
            $$"""{"what":"writes","n":{{count}},"adds_per_second":{{adds:F0}},"upserts_per_second":{{upserts:F0}},"removes_per_second":{{removes:F0}},"search_p99_idle_ms":{{P99(idle):F3}},"search_p99_busy_ms":{{P99(busy):F3}},"searches_busy":{{busy.Length}}}""");
        return 0;
    }

    private static double Rate(int count, Action<int> action)
    {
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++) action(i);
        return count / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    private static double[] Searches(HammingIndex index, ulong[] codes, TimeSpan time, CancellationToken stop)
    {
        var found = new Neighbor[10];
        List<double> milliseconds = [];
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; !stop.IsCancellationRequested && Stopwatch.GetElapsedTime(begin) < time; i++)
        {
            milliseconds.Add(index.NearestSearch([codes[i * 7919L % codes.Length] ^ 0x0101], found).Stats.Elapsed.TotalMilliseconds);
        }
        return [.. milliseconds];
    }

    private static double P99(double[] values) => values.Order().ElementAt((int)(values.Length * 0.99));
}
