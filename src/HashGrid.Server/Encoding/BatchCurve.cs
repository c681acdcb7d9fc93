namespace HashGrid.Server.Encoding;

/// <summary>Throughput by batch size, measured on this machine at start, and the size chosen from it.</summary>
/// <param name="Points">Ascending by size.</param>
/// <param name="Best">The smallest size within 5 % of the best throughput: larger batches would only add latency.</param>
public sealed record BatchCurve(IReadOnlyList<BatchPoint> Points, int Best)
{
    private const double Tolerance = 0.05;

    /// <summary>Runs sizes 1, 2, 4, … until throughput stops growing, <paramref name="maxBatch"/> is reached, or the time is used up.</summary>
    /// <param name="encode">Encodes a batch of the given size.</param>
    /// <param name="maxBatch">The largest size, at least 1.</param>
    /// <param name="time">The clock.</param>
    /// <param name="budget">No further size is tried after this long.</param>
    public static BatchCurve Measure(Action<int> encode, int maxBatch, TimeProvider time, TimeSpan budget)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatch, 1);
        List<BatchPoint> points = [];
        long start = time.GetTimestamp();
        double best = 0;
        int worse = 0;
        for (int size = 1; size <= maxBatch; size *= 2)
        {
            encode(size);   // the first run of a shape plans and allocates
            long stamp = time.GetTimestamp();
            encode(size);
            TimeSpan took = time.GetElapsedTime(stamp);
            double rate = size / Math.Max(took.TotalSeconds, 1e-9);
            points.Add(new BatchPoint(size, rate));
            worse = rate > best * (1 + Tolerance) ? 0 : worse + 1;
            best = Math.Max(best, rate);
            if (worse == 2 || time.GetElapsedTime(start) > budget) break;
        }
        return new BatchCurve(points, points.First(point => point.ImagesPerSecond >= best * (1 - Tolerance)).Size);
    }
}
