using System.Diagnostics;
using System.Text.Json.Nodes;
using HashGrid.Index;

namespace HashGrid.CommandLine.Bench;

/// <summary>Adds, upserts and removes on one thread while another searches; how long searches take with and without the writer.</summary>
internal static class WriteBench
{
    /// <summary>Runs it on uniform codes of 64 bits.</summary>
    /// <param name="count">Codes there at the beginning, and added, replaced and removed.</param>
    public static JsonObject Run(int count)
    {
        var width = new CodeWidth(64);
        ulong[] codes = MadeCodes.Make("uniform", width, count, 0);
        using HammingIndex index = HammingIndex.Build(width, [], codes);
        // Each path once, small, so that nothing below measures the compiler.
        for (int i = 0; i < 20_000; i++) index.Add(ulong.MaxValue - (ulong)i, [codes[i] ^ 3]);
        for (int i = 0; i < 20_000; i++) index.Upsert(ulong.MaxValue - (ulong)i, [codes[i] ^ 5]);
        for (int i = 0; i < 20_000; i++) index.Remove(ulong.MaxValue - (ulong)i);
        using var warm = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        Searches(index, codes, warm.Token);
        using var idleTime = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        List<double> idle = Searches(index, codes, idleTime.Token);
        var report = new JsonObject { ["what"] = "writes", ["codes"] = count };
        Add(report, "idle", idle);
        Measure(report, "adds", index, codes, i => index.Add((ulong)(count + i), [codes[i] ^ 1]));
        Measure(report, "upserts", index, codes, i => index.Upsert((ulong)(count + i), [codes[i] ^ 2]));
        Measure(report, "removes", index, codes, i => index.Remove((ulong)(count + i)));
        return report;
    }

    private static void Measure(JsonObject report, string name, HammingIndex index, ulong[] codes, Action<int> write)
    {
        using var stop = new CancellationTokenSource();
        Task<List<double>> reader = Task.Factory.StartNew(() => Searches(index, codes, stop.Token), TaskCreationOptions.LongRunning);
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < codes.Length; i++) write(i);
        double rate = codes.Length / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        stop.Cancel();
        report[$"{name}_per_second"] = Math.Round(rate);
        Add(report, name, reader.Result);
    }

    private static List<double> Searches(HammingIndex index, ulong[] codes, CancellationToken stop)
    {
        var found = new Neighbor[10];
        List<double> milliseconds = new(1 << 20);
        for (int i = 0; !stop.IsCancellationRequested; i++)
            milliseconds.Add(index.NearestSearch([codes[i * 7919L % codes.Length] ^ 0x0101], found).Stats.Elapsed.TotalMilliseconds);
        return milliseconds;
    }

    private static void Add(JsonObject report, string name, List<double> values)
    {
        values.Sort();
        report[$"search_{name}_p50_ms"] = Math.Round(values[values.Count / 2], 3);
        report[$"search_{name}_p99_ms"] = Math.Round(values[(int)(values.Count * 0.99)], 3);
        report[$"search_{name}_max_ms"] = Math.Round(values[^1], 3);
        report[$"search_{name}_count"] = values.Count;
    }
}
