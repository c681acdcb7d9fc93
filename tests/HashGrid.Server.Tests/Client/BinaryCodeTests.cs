using HashGrid.Client;

namespace HashGrid.Server.Tests.Client;

public class BinaryCodeTests
{
    [TestCase(8, 1)]
    [TestCase(48, 1)]
    [TestCase(64, 1)]
    [TestCase(65, 2)]
    [TestCase(1024, 16)]
    public void Constructor_RightNumberOfWords_KeepsThem(int bits, int words)
    {
        var code = new BinaryCode(new ulong[words], bits);

        Assert.Multiple(() =>
        {
            Assert.That(code.Bits, Is.EqualTo(bits));
            Assert.That(code.Words.Length, Is.EqualTo(words));
        });
    }

    [TestCase(7)]
    [TestCase(1025)]
    public void Constructor_WidthOutOfRange_Throws(int bits) =>
        Assert.That(() => new BinaryCode(new ulong[1], bits), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Constructor_WrongNumberOfWords_TellsBoth() =>
        Assert.That(() => new BinaryCode(new ulong[1], 128), Throws.ArgumentException.With.Message.Contains("1 words, but 128 bits need 2"));

    [Test]
    public void Constructor_SpareBitSet_Throws() =>
        Assert.That(() => new BinaryCode(new[] { 1UL << 48 }, 48), Throws.ArgumentException.With.Message.Contains("spare bits"));

    [Test]
    public void ToString_KnownWords_IsTheBytesOfACodesFile()
    {
        var code = new BinaryCode(new[] { 0x0123456789abcdefUL, 0xffUL }, 72);

        Assert.That(code.ToString(), Is.EqualTo("efcdab8967452301" + "ff00000000000000"));
    }

    [Test]
    public void Parse_WhatToStringWrote_GivesTheCodeBack()
    {
        var code = new BinaryCode(new[] { 0x0123456789abcdefUL, 0x42UL }, 100);

        Assert.That(BinaryCode.Parse(code.ToString(), 100), Is.EqualTo(code));
    }

    [TestCase("00", "2 hexadecimal digits, but 64 bits need 16")]
    [TestCase("000000000000000g", "no hexadecimal digit")]
    public void Parse_BadText_SaysWhy(string text, string expected) =>
        Assert.That(() => BinaryCode.Parse(text, 64), Throws.InstanceOf<FormatException>().With.Message.Contains(expected));

    [Test]
    public void DistanceTo_KnownCodes_CountsDifferingBits()
    {
        var left = new BinaryCode(new[] { 0b1011UL, 1UL << 5 }, 128);
        var right = new BinaryCode(new[] { 0b0010UL, 0UL }, 128);

        Assert.That(left.DistanceTo(right), Is.EqualTo(3));
    }

    [Test]
    public void DistanceTo_AnotherWidth_Throws()
    {
        var left = new BinaryCode(new ulong[1], 64);

        Assert.That(() => left.DistanceTo(new BinaryCode(new ulong[1], 48)), Throws.ArgumentException);
    }

    [Test]
    public void ContentId_KnownContent_IsTheStartOfItsSha256() =>
        Assert.That(ContentId.Of("abc"u8), Is.EqualTo(0xba7816bf8f01cfeaUL));
}
