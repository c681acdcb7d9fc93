using System.Diagnostics;
using System.Text.Json.Nodes;
using HashGrid.Index;

namespace HashGrid.CommandLine.Bench;

/// <summary>Adds, upserts and removes on one thread while another searches; how long searches take with and without the writer.</summary>
/// <param name="count">Codes there at the beginning, uniform, of 64 bits.</param>
/// <param name="rate">Writes a second, paced in steps of a millisecond; 0: as many as one thread can.</param>
internal sealed class WriteBench(int count, int rate)
{
    private const int PacedSeconds = 3;
    private const int UnpacedWrites = 1_000_000;

    private readonly ulong[] _codes = MadeCodes.Make("uniform", new CodeWidth(64), count, 0);

    /// <summary>Each kind of write in turn, and searches alone before and after: the index is larger then, and so is the time of a search.</summary>
    public JsonObject Run(CancellationToken ct)
    {
        using HammingIndex index = HammingIndex.Build(new CodeWidth(64), [], _codes);
        // Each path once, small, so that nothing below measures the compiler.
        for (int i = 0; i < 20_000; i++) index.Add(ulong.MaxValue - (ulong)i, [Code(i) ^ 3]);
        for (int i = 0; i < 20_000; i++) index.Upsert(ulong.MaxValue - (ulong)i, [Code(i) ^ 5]);
        for (int i = 0; i < 20_000; i++) index.Remove(ulong.MaxValue - (ulong)i);
        Idle(index, ct);
        index.Compact();
        var report = new JsonObject { ["what"] = "writes", ["codes"] = count, ["rate"] = rate, ["search_idle"] = Summary(Idle(index, ct)) };
        report["adds"] = Measure(index, i => index.Add((ulong)(count + (long)i), [Code(i) ^ 1]), ct);
        report["upserts"] = Measure(index, i => index.Upsert((ulong)(count + (long)i), [Code(i) ^ 2]), ct);
        index.Compact();
        report["search_idle_after_adds"] = Summary(Idle(index, ct));
        report["removes"] = Measure(index, i => index.Remove((ulong)(count + (long)i)), ct);
        return report;
    }

    private JsonObject Measure(HammingIndex index, Action<int> write, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task<List<double>> reader = Task.Factory.StartNew(() => Searches(index, stop.Token), TaskCreationOptions.LongRunning);
        int writes = rate == 0 ? UnpacedWrites : rate * PacedSeconds;
        long begin = Stopwatch.GetTimestamp();
        double busy = 0;
        for (int done = 0; done < writes && !ct.IsCancellationRequested;)
        {
            double elapsed = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            int due = rate == 0 ? writes : (int)Math.Min(writes, elapsed * rate);
            if (due == done)
            {
                Thread.Sleep(1);
                continue;
            }
            for (; done < due; done++) write(done);
            busy += Stopwatch.GetElapsedTime(begin).TotalSeconds - elapsed;
        }
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        stop.Cancel();
        JsonObject row = Summary(reader.Result);
        row["per_second"] = Math.Round(writes / seconds);
        row["per_busy_second"] = Math.Round(writes / busy);
        return row;
    }

    private ulong Code(int i) => _codes[i % count] + ((ulong)(i / count) << 32);

    private List<double> Idle(HammingIndex index, CancellationToken ct)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(ct);
        time.CancelAfter(TimeSpan.FromSeconds(2));
        return Searches(index, time.Token);
    }

    private List<double> Searches(HammingIndex index, CancellationToken stop)
    {
        var found = new Neighbor[10];
        List<double> milliseconds = new(1 << 20);
        for (int i = 0; !stop.IsCancellationRequested; i++)
            milliseconds.Add(index.NearestSearch([_codes[i * 7919L % count] ^ 0x0101], found).Stats.Elapsed.TotalMilliseconds);
        return milliseconds;
    }

    private static JsonObject Summary(List<double> milliseconds)
    {
        milliseconds.Sort();
        return new JsonObject
        {
            ["searches"] = milliseconds.Count,
            ["search_p50_ms"] = Math.Round(milliseconds[milliseconds.Count / 2], 3),
            ["search_p99_ms"] = Math.Round(milliseconds[(int)(milliseconds.Count * 0.99)], 3),
            ["search_max_ms"] = Math.Round(milliseconds[^1], 3),
        };
    }
}
