using HashGrid.Model.Calibration;

namespace HashGrid.Model.Tests.Calibration;

public sealed class RangeMeterTests
{
    [Test]
    public void Range_OneValueFarOut_LeavesItOut()
    {
        float[] values = [.. Enumerable.Range(0, 400_000).Select(i => (i % 1000 / 500f) - 1), 50];
        (float low, float high) = Measure(values);
        Assert.That(low, Is.EqualTo(-1).Within(0.002));
        Assert.That(high, Is.EqualTo(1).Within(0.002));
    }

    [Test]
    public void Range_FewValues_KeepsTheEnds()
    {
        (float low, float high) = Measure([-3, 1, 2, 7]);
        Assert.That(low, Is.EqualTo(-3).Within(0.001));
        Assert.That(high, Is.EqualTo(7).Within(0.001));
    }

    [TestCase(new float[] { 2, 3 }, 0, 3)]
    [TestCase(new float[] { 0, 0 }, 0, 0)]
    [TestCase(new float[] { -5, -4 }, -5, 0)]
    public void Range_AnyValues_HoldsZero(float[] values, float expectedLow, float expectedHigh)
    {
        (float low, float high) = Measure(values);
        Assert.That(low, Is.EqualTo(expectedLow).Within(0.001));
        Assert.That(high, Is.EqualTo(expectedHigh).Within(0.001));
    }

    private static (float Low, float High) Measure(float[] values)
    {
        var meter = new RangeMeter();
        meter.See(values);
        meter.Count(values);
        return meter.Range();
    }
}
