namespace HashGrid.Index.Tests;

internal sealed class CodeWidthTests
{
    [TestCase(8, 1)]
    [TestCase(64, 1)]
    [TestCase(65, 2)]
    [TestCase(1024, 16)]
    public void Words_AnyWidth_RoundsUp(int bits, int words)
    {
        var width = new CodeWidth(bits);
        Assert.That((width.Bits, width.Words, width.Bytes), Is.EqualTo((bits, words, words * 8)));
    }

    [TestCase(7)]
    [TestCase(1025)]
    [TestCase(0)]
    [TestCase(-64)]
    public void Constructor_OutsideRange_NamesTheWidth(int bits) =>
        Assert.That(() => new CodeWidth(bits), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains($"{bits}"));

    [Test]
    public void Fits_SpareBitSet_IsFalse()
    {
        var width = new CodeWidth(70);
        Assert.That(width.Fits([ulong.MaxValue, 0x3F]), Is.True);
        Assert.That(width.Fits([0, 0x40]), Is.False);
        Assert.That(width.Fits([0]), Is.False);
    }
}
