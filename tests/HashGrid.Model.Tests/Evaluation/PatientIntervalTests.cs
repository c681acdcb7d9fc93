using HashGrid.Model.Evaluation;

namespace HashGrid.Model.Tests.Evaluation;

public sealed class PatientIntervalTests
{
    [Test]
    public void Of_ManyPatients_HoldsTheMeanWithItsStandardError()
    {
        var random = new Random(3);
        (string, double)[] values = [.. Enumerable.Range(0, 400).Select(i => ($"p{i}", random.NextDouble()))];
        PatientInterval interval = PatientInterval.Of(values);
        Assert.That(interval.Mean, Is.EqualTo(values.Average(one => one.Item2)).Within(1e-12));
        Assert.That(interval.High - interval.Low, Is.EqualTo(2 * 1.96 * Math.Sqrt(1 / 12.0 / 400)).Within(0.012)); // uniform: variance 1/12
    }

    [Test]
    public void Of_SameValuesOfFewPatients_IsWider()
    {
        (string, double)[] Values(int patients) => [.. Enumerable.Range(0, 300).Select(i => ($"p{i % patients}", i % patients % 2 * 1.0))];
        double Width(int patients) => PatientInterval.Of(Values(patients)) is var interval ? interval.High - interval.Low : 0;
        Assert.That(Width(6), Is.GreaterThan(3 * Width(300)));
    }

    [Test]
    public void Of_Nothing_IsNotANumber() => Assert.That(PatientInterval.Of([]).Mean, Is.NaN);

    [Test]
    public void Precision_TwoRankings_IsTheirMeanAtEachRecall()
    {
        var curve = new RecallCurve();
        curve.Add([1, 0, 2, 0]); // relevant at ranks 1 and 3
        curve.Add([0, 1]);
        curve.Add([0, 0]); // does not count
        double[] precision = curve.Precision();
        Assert.That(precision, Has.Length.EqualTo(RecallCurve.Points));
        Assert.That(precision[0], Is.EqualTo((1 + 0.5) / 2));
        Assert.That(precision[9], Is.EqualTo((1 + 0.5) / 2), "half of the first is found at rank 1");
        Assert.That(precision[^1], Is.EqualTo(((2 / 3.0) + 0.5) / 2));
    }
}
