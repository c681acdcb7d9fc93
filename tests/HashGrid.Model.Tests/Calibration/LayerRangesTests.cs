using HashGrid.Model.Calibration;

namespace HashGrid.Model.Tests.Calibration;

public sealed class LayerRangesTests
{
    private static readonly ModelIdentity Exact = new("net", new string('a', 64), 48, "resnet50", 64);

    [Test]
    public void Read_WhatToJsonWrote_IsTheSameNetwork()
    {
        var ranges = new LayerRanges(new Dictionary<string, (float, float)> { ["b"] = (-0.1f, 1 / 3f), ["a"] = (0, 5.9999995f) });
        LayerRanges read = LayerRanges.Read("x", new Dictionary<string, string> { [LayerRanges.Key] = ranges.ToJson() })!;
        Assert.That(read.Layers, Is.EquivalentTo(ranges.Layers));
        Assert.That(read.Identify(Exact), Is.EqualTo(ranges.Identify(Exact)));
    }

    [Test]
    public void Identify_OtherRanges_IsAnotherNetwork()
    {
        ModelIdentity one = new LayerRanges(new Dictionary<string, (float, float)> { ["a"] = (0, 1) }).Identify(Exact);
        ModelIdentity two = new LayerRanges(new Dictionary<string, (float, float)> { ["a"] = (0, 1.0000001f) }).Identify(Exact);
        Assert.That(one.Name, Is.EqualTo("net-int8"));
        Assert.That((string[])[Exact.Fingerprint, one.Fingerprint, two.Fingerprint], Is.Unique);
    }

    [TestCase("nonsense")]
    [TestCase("""{"a": [1]}""")]
    [TestCase("""{"a": [0.5, 1]}""")]
    [TestCase("""{"a": [0, -1]}""")]
    public void Read_TextThatIsNoRanges_SaysWhatToDo(string text) =>
        Assert.That(
            Assert.Throws<ModelFileException>(() => LayerRanges.Read("x.safetensors", new Dictionary<string, string> { [LayerRanges.Key] = text }))!.Message,
            Does.Contain("x.safetensors").And.Contain("calibrate them again"));

    [Test]
    public void Read_NoRanges_IsNull() => Assert.That(LayerRanges.Read("x", new Dictionary<string, string>()), Is.Null);
}
