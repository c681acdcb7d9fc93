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

    private static BatchCurve Measure(Func<int, double> milliseconds, int maxBatch)
    {
        FakeClock clock = new();
        return BatchCurve.Measure(size => clock.Advance(TimeSpan.FromMilliseconds(milliseconds(size))), maxBatch, clock, TimeSpan.FromSeconds(5));
    }
}
