using HashGrid.Model.Onnx;

namespace HashGrid.Model.Tests.Onnx;

public sealed class Int8WeightsTests
{
    [Test]
    public void Of_WeightsOnAGrid_LosesNothing()
    {
        // Channel 0 needs steps beyond 127 and gets a scale of its own; the others keep the grid's step through half precision.
        var random = new Random(20293);
        const float Step = 0.0173f;
        int[] steps = [-95, 160, .. Enumerable.Range(0, 40).Select(_ => random.Next(-95, 160)), .. Enumerable.Range(0, 126).Select(_ => random.Next(-95, 128))];
        float[] weights = Array.ConvertAll(steps, one => (float)(Half)(one * Step));
        Int8Weights bytes = Int8Weights.Of(weights, new float[4]);
        Assert.That(bytes.Scales[0], Is.EqualTo(160 * Step / 127).Within(1e-4));
        Assert.That(bytes.Scales[1..], Is.All.EqualTo(Step).Within(1e-5));
        Assert.That(bytes.Values[42..].Select(value => (int)value), Is.EqualTo(steps[42..]));
    }

    [Test]
    public void Of_AnyWeights_IsOffByHalfAStepAtMost()
    {
        var random = new Random(20294);
        float[] weights = [.. Enumerable.Range(0, 300).Select(i => (random.NextSingle() - 0.5f) * (i / 100 + 1))];
        Int8Weights bytes = Int8Weights.Of(weights, new float[3]);
        for (int i = 0; i < weights.Length; i++)
            Assert.That(bytes.Values[i] * bytes.Scales[i / 100], Is.EqualTo(weights[i]).Within(bytes.Scales[i / 100] * 0.501f));
        for (int channel = 0; channel < 3; channel++)
            Assert.That(bytes.Values.Skip(channel * 100).Take(100).Max(value => Math.Abs(value)), Is.EqualTo(127), "each channel uses its whole range");
    }

    [Test]
    public void Of_DeadChannel_HasTheLeastScaleAllowed()
    {
        Int8Weights bytes = Int8Weights.Of(new float[20], [0.25f, 0]);
        Assert.That(bytes.Values, Is.All.Zero);
        Assert.That(bytes.Scales[0], Is.EqualTo(0.25f));
        Assert.That(bytes.Scales[1], Is.GreaterThan(0));
    }

    [TestCase(0f, 6f, 0)]
    [TestCase(-1f, 1f, 127)]
    [TestCase(1f, 3f, 0)]
    [TestCase(-4f, -1f, 255)]
    public void ByteRange_AnyEnds_HoldsZeroExactly(float low, float high, int zero)
    {
        ByteRange range = ByteRange.Of(low, high);
        Assert.That(range.Zero, Is.EqualTo(zero));
        Assert.That(range.Scale, Is.EqualTo((Math.Max(high, 0) - Math.Min(low, 0)) / 255).Within(1e-6));
    }
}
