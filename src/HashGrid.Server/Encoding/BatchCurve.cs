namespace HashGrid.Server.Encoding;

/// <summary>Throughput by batch size, measured on this machine at start, and the size chosen from it.</summary>
/// <param name="Points">Ascending by size.</param>
/// <param name="Best">The smallest size within 5 % of the best throughput: larger batches would only add latency.</param>
public sealed record BatchCurve(IReadOnlyList<BatchPoint> Points, int Best)
{
    private const double Tolerance = 0.05;

    // The index catches up beside the measurement, and one sample may fall into its busiest moment.
    private const int Samples = 3;

    /// <summary>Runs sizes 1, 2, 4, …, each some times of which the median counts, until throughput stops growing, <paramref name="maxBatch"/> is reached, or the time is used up.</summary>
    /// <param name="encode">Encodes a batch of the given size.</param>
    /// <param name="maxBatch">The largest size, at least 1.</param>
    /// <param name="time">The clock.</param>
    /// <param name="budget">No further size is tried, and none once more, after this long.</param>
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
            double rate = size / Math.Max(Median(size, () => time.GetElapsedTime(start) > budget).TotalSeconds, 1e-9);
            points.Add(new BatchPoint(size, rate));
            worse = rate > best * (1 + Tolerance) ? 0 : worse + 1;
            best = Math.Max(best, rate);
            if (worse == 2 || time.GetElapsedTime(start) > budget) break;
        }
        return new BatchCurve(points, points.First(point => point.ImagesPerSecond >= best * (1 - Tolerance)).Size);

        TimeSpan Median(int size, Func<bool> late)
        {
            List<TimeSpan> took = [];
            do
            {
                long stamp = time.GetTimestamp();
                encode(size);
                took.Add(time.GetElapsedTime(stamp));
            }
            while (took.Count < Samples && !late());
            took.Sort();
            return took[(took.Count - 1) / 2];
        }
    }

    /// <summary><c>1: 190, 2: 310, 4: 402</c>: images a second by size.</summary>
    public override string ToString() => string.Join(", ", Points.Select(point => FormattableString.Invariant($"{point.Size}: {point.ImagesPerSecond:F0}")));
}
