using System.Diagnostics;
using HashGrid.Client;
using HdrHistogram;

namespace HashGrid.LoadGen;

/// <summary>Latencies and errors of one kind of operation. Thread-safe.</summary>
internal sealed class Measurement(string name)
{
    // One microsecond to ten minutes, three digits: 0.1 % precision everywhere.
    private readonly LongHistogram _microseconds = new(600_000_000, 3);
    private readonly SortedDictionary<string, long> _errors = [];
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, (long Offered, long Completed, long Slowest)> _seconds = [];
    private long _offered;
    private long _opened;
    private bool _open;

    public string Name { get; } = name;

    /// <summary>From here on arrivals count; before, they warm up.</summary>
    public void Open()
    {
        Interlocked.CompareExchange(ref _opened, Stopwatch.GetTimestamp(), 0);
        Volatile.Write(ref _open, true);
    }

    /// <summary>From here on arrivals do not count; those before still wait for their answers.</summary>
    public void Pause() => Volatile.Write(ref _open, false);

    /// <summary>An operation was due.</summary>
    /// <returns>Whether it counts.</returns>
    public bool Offer()
    {
        if (!Volatile.Read(ref _open))
            return false;
        Interlocked.Increment(ref _offered);
        lock (_lock)
            Second(Stopwatch.GetTimestamp(), offered: 1, completed: 0, slowest: 0);
        return true;
    }

    /// <summary>An operation has its answer.</summary>
    /// <param name="counts">What <see cref="Offer"/> said.</param>
    /// <param name="intended">Time stamp at which it should have been sent.</param>
    public void Complete(bool counts, long intended)
    {
        if (!counts)
            return;
        long microseconds = Math.Clamp((long)Stopwatch.GetElapsedTime(intended).TotalMicroseconds, 1, 600_000_000);
        lock (_lock)
        {
            _microseconds.RecordValue(microseconds);
            Second(Stopwatch.GetTimestamp(), offered: 0, completed: 1, microseconds);
        }
    }

    public void Fail(bool counts, Exception cause) => Fail(counts, cause is HashGridException known ? $"{known.Status} {known.Reason}".TrimEnd() : cause.GetType().Name);

    public void Fail(bool counts, ItemFailure cause) => Fail(counts, $"{cause.Status} {cause.Reason}");

    public void Fail(bool counts, string cause)
    {
        if (!counts)
            return;
        lock (_lock)
            _errors[cause] = _errors.GetValueOrDefault(cause) + 1;
    }

    public OperationReport Report(double offeredFor, double seconds)
    {
        lock (_lock)
        {
            long completed = _microseconds.TotalCount;
            return new OperationReport(
                Name, _offered, completed, _offered / offeredFor, completed / seconds,
                At(50), At(90), At(99), At(99.9), completed == 0 ? 0 : _microseconds.GetMaxValue() / 1000.0, new SortedDictionary<string, long>(_errors))
            {
                Percentiles = [.. OperationReport.Shown.Select(percentile => (percentile, At(percentile)))],
                BySecond = [.. _seconds.Select(second => (second.Key, second.Value.Offered, second.Value.Completed, second.Value.Slowest / 1000.0))],
            };
        }

        double At(double percentile) => _microseconds.TotalCount == 0 ? 0 : _microseconds.GetValueAtPercentile(percentile) / 1000.0;
    }

    private void Second(long now, long offered, long completed, long slowest)
    {
        int second = (int)Stopwatch.GetElapsedTime(Volatile.Read(ref _opened), now).TotalSeconds;
        (long Offered, long Completed, long Slowest) sum = _seconds.GetValueOrDefault(second);
        _seconds[second] = (sum.Offered + offered, sum.Completed + completed, Math.Max(sum.Slowest, slowest));
    }
}
