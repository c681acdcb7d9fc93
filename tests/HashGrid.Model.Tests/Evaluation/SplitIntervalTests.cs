using HashGrid.Model.Evaluation;

namespace HashGrid.Model.Tests.Evaluation;

public sealed class SplitIntervalTests
{
    [TestCase(1, 12.7062)]
    [TestCase(2, 4.3027)]
    [TestCase(10, 2.2281)]
    [TestCase(11, 2.2010)]
    [TestCase(19, 2.0930)]
    [TestCase(99, 1.9842)]
    public void Quantile975_Freedom_IsTheTables(int freedom, double expected) => Assert.That(StudentT.Quantile975(freedom), Is.EqualTo(expected).Within(0.001));

    [Test]
    public void Of_SplitsApart_IsStudentsIntervalWithTheVarianceOfOverlappingSplits()
    {
        // Means 0.1, 0.2, 0.3: s = 0.1, t = 4.3027, √(1/3 + 0.3/0.7) = 0.87287.
        SplitInterval interval = SplitInterval.Of([Same(0.1), Same(0.2), Same(0.3)], asked: 0.3);
        Assert.That(interval.Mean, Is.EqualTo(0.2).Within(1e-12));
        Assert.That(interval.High - interval.Mean, Is.EqualTo(4.3027 * 0.1 * 0.87287).Within(1e-4));
        Assert.That(interval.Mean - interval.Low, Is.EqualTo(interval.High - interval.Mean).Within(1e-9));
        Assert.That(interval.BySplit, Is.EqualTo(new[] { 0.1, 0.2, 0.3 }).Within(1e-12));
    }

    [Test]
    public void Of_SplitsAlike_IsThePatients()
    {
        (string, double)[] split = [.. Enumerable.Range(0, 60).Select(i => ($"p{i}", i % 2 * 1.0))];
        SplitInterval interval = SplitInterval.Of([split, split], asked: 0.3);
        var patients = PatientInterval.Of([.. split, .. split]);
        Assert.That((interval.Low, interval.High), Is.EqualTo((patients.Low, patients.High)));
        Assert.That(patients.High - patients.Low, Is.GreaterThan(0.1));
    }

    [Test]
    public void Of_OneSplitOrNothing_HasNoEnds()
    {
        SplitInterval one = SplitInterval.Of([Same(0.1)], asked: 0.3);
        Assert.That((one.Low, one.High), Is.EqualTo((double.NegativeInfinity, double.PositiveInfinity)));
        Assert.That(SplitInterval.Of([], asked: 0.3).Mean, Is.NaN);
        Assert.That(SplitInterval.Of([Same(0.1), []], asked: 0.3).Low, Is.NaN);
        Assert.Throws<ArgumentOutOfRangeException>(() => SplitInterval.Of([Same(0.1)], asked: 1));
    }

    [Test]
    public void Of_FourPatients_HasNoEnds()
    {
        (string, double)[] Patients(int count) => [.. Enumerable.Range(0, count).Select(i => ($"p{i}", -0.02))];
        Assert.That(SplitInterval.Of([Patients(4), Patients(4)], asked: 0.3).High, Is.EqualTo(double.PositiveInfinity), "all alike by chance");
        Assert.That(SplitInterval.Of([Patients(5), Patients(5)], asked: 0.3).High, Is.EqualTo(-0.02).Within(1e-9));
    }

    private static (string Patient, double Value)[] Same(double value) => [.. Enumerable.Range(0, 30).Select(i => ($"p{i}", value))];
}
