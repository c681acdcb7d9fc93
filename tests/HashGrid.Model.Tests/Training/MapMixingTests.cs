using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Training;

public sealed class MapMixingTests
{
    [TestCase(0.01)]
    [TestCase(0.4)]
    [TestCase(1)]
    public void Apply_OneHotMaps_EachKeepsAtLeastHalfAndTheRestIsOneOthers(double shape)
    {
        using DisposeScope scope = NewDisposeScope();
        var random = new Random(20261);
        for (int round = 0; round < 20; round++)
        {
            float[] mixed = MapMixing.Apply(eye(6).view(6, 6, 1, 1), random, shape).data<float>().ToArray();
            for (int i = 0; i < 6; i++)
            {
                float[] row = mixed[(i * 6)..(i * 6 + 6)];
                Assert.That(row.Sum(), Is.EqualTo(1).Within(1e-6));
                Assert.That(row[i], Is.GreaterThanOrEqualTo(0.5f - 1e-6f));
                Assert.That(row.Count(value => value != 0), Is.LessThanOrEqualTo(2));
            }
        }
    }

    [Test]
    public void Apply_Shape_DecidesHowMuchIsBlended()
    {
        double Kept(double shape)
        {
            using DisposeScope scope = NewDisposeScope();
            var random = new Random(20261);
            Tensor maps = tensor(new float[] { 0, 1 }).view(2, 1, 1, 1); // blended with itself, or with its opposite: the difference tells λ
            return Enumerable.Range(0, 1000).Select(_ => MapMixing.Apply(maps, random, shape).data<float>().ToArray()).Select(pair => pair[1] - pair[0]).Where(d => d < 0.9999).Average(d => (1 + d) / 2);
        }
        // E max(λ, 1 − λ) of Beta(1, 1), the uniform distribution, is ¾; a small shape gathers at 1.
        Assert.That(Kept(1), Is.EqualTo(0.75).Within(0.03));
        Assert.That(Kept(0.05), Is.GreaterThan(0.9));
    }

    [TestCase(0)]
    [TestCase(1.5)]
    public void Apply_ShapeOutsideItsRange_Throws(double shape)
    {
        using Tensor maps = zeros(2, 1, 1, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => MapMixing.Apply(maps, new Random(1), shape));
    }
}
