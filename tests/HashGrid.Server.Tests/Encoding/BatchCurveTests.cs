using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

public sealed class BatchCurveTests
{
    [Test]
    public void Measure_FixedCostPerBatch_ChoosesTheSmallestNearTheBest()
    {
        // 20 ms a batch and 10 ms an image: 33, 50, 67, 80, 89, 94 images/s.
        BatchCurve curve = Measure(size => 20 + 10 * size, 32);
        Assert.That(curve.Points.Select(point => point.Size), Is.EqualTo(new[] { 1, 2, 4, 8, 16, 32 }));
        Assert.That(curve.Best, Is.EqualTo(32));
    }

    [Test]
    public void Measure_NoGainFromBatching_ChoosesOneAndStopsEarly()
    {
        BatchCurve curve = Measure(size => 10 * size, 64);
        Assert.That(curve.Best, Is.EqualTo(1));
        Assert.That(curve.Points, Has.Count.EqualTo(3));
    }

    [Test]
    public void Measure_SlowNetwork_StopsWhenTheTimeIsUsedUp()
    {
        BatchCurve curve = Measure(size => 3000, 64);
        Assert.That(curve.Points, Has.Count.EqualTo(1));
    }

    [Test]
    public void Measure_OneDisturbedRun_ChangesNothing()
    {
        // 20 ms a batch and 10 ms an image; somebody else takes the processor for 400 ms in one run of 32, and the first run of each size is slow.
        int runsOf32 = 0;
        HashSet<int> warm = [];
        BatchCurve curve = Measure(size => 20 + 10 * size + (size == 32 && ++runsOf32 == 2 ? 400 : 0) + (warm.Add(size) ? 300 : 0), 32, TimeSpan.FromMinutes(1));
        Assert.That(curve.Best, Is.EqualTo(32));
        Assert.That(curve.Points[^1].ImagesPerSecond, Is.EqualTo(32 / 0.34).Within(0.1));
        Assert.That(curve.ToString(), Is.EqualTo("1: 33, 2: 50, 4: 67, 8: 80, 16: 89, 32: 94"));
    }

    private static BatchCurve Measure(Func<int, double> milliseconds, int maxBatch, TimeSpan? budget = null)
    {
        FakeClock clock = new();
        return BatchCurve.Measure(size => clock.Advance(TimeSpan.FromMilliseconds(milliseconds(size))), maxBatch, clock, budget ?? TimeSpan.FromSeconds(5));
    }
}
