using HashGrid.Client;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Storage;

public sealed class ContentDigestTests
{
    [Test]
    public void Of_KnownFile_IsTheBeginningOfItsSha256()
    {
        // FIPS 180-4, "abc".
        const string expected = "ba7816bf8f01cfea414140de5dae2223";
        ContentDigest digest = ContentDigest.Of("abc"u8);
        byte[] bytes = new byte[ContentDigest.Bytes];
        digest.CopyTo(bytes);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(digest.ToString(), Is.EqualTo(expected));
            Assert.That(Convert.ToHexStringLower(bytes), Is.EqualTo(expected));
            Assert.That(new ContentDigest(bytes), Is.EqualTo(digest));
            Assert.That(ContentId.DigestOf("abc"u8), Is.EqualTo(expected));
            Assert.That(ContentId.Of("abc"u8).ToString("x16"), Is.EqualTo(expected[..16]));
            Assert.That(digest, Is.Not.EqualTo(ContentDigest.Of("abd"u8)));
        }
    }

    [TestCase(0)]
    [TestCase(15)]
    [TestCase(32)]
    public void Constructor_AnotherLength_IsRefused(int length) => Assert.That(() => new ContentDigest(new byte[length]), Throws.ArgumentException);
}
