using System.Buffers.Binary;
using HashGrid.Model.Imaging;

namespace HashGrid.Model.Tests.Imaging;

/// <summary>What is refused before anything is decoded.</summary>
public sealed class FileStructureTests
{
    private static readonly byte[] Jpeg = File.ReadAllBytes(Directory.GetFiles(TestFiles.Sample("images"), "*.jpg").Order(StringComparer.Ordinal).First());
    private static readonly byte[] Png = File.ReadAllBytes(TestFiles.Path("images", "rgba.png"));

    [Test]
    public void ReadHeader_WholeFiles_AreLetThrough() =>
        Assert.That((ImageReader.ReadHeader(Jpeg).Width, ImageReader.ReadHeader(Png).Width), Is.EqualTo((512, 1024)));

    [Test]
    public void ReadHeader_EndMissing_IsTruncated([Values(1, 20, 5000)] int missing, [Values] bool png) =>
        Assert.That(Refusal((png ? Png : Jpeg)[..^missing]).Reason, Is.EqualTo(ImageProblem.Truncated));

    [Test]
    public void ReadHeader_MorePixelsThanTheDataCanHold_IsTruncated()
    {
        byte[] png = [.. Png[..33], 0, 0, 0, 4, .. "IDAT"u8, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, .. "IEND"u8, 0, 0, 0, 0];
        Assert.That(Refusal(png).Message, Does.Contain("4 bytes of data"));
        byte[] jpeg = [.. Jpeg];
        int frame = jpeg.AsSpan().IndexOf([(byte)0xff, (byte)0xc0]);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 7900);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 7900);
        Assert.That(Refusal(jpeg).Reason, Is.EqualTo(ImageProblem.Truncated));
    }

    [Test]
    public void ReadHeader_DataThatExpandsTooFar_IsABomb()
    {
        byte[] file = [.. Png[..33], 0, 1, 0, 0, .. "IDAT"u8, .. new byte[65536 + 4], 0, 0, 0, 0, .. "IEND"u8, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 3000);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 3000);
        ImageFormatException refusal = Refusal(file);
        Assert.That((refusal.Reason, refusal.Message), Is.EqualTo((ImageProblem.TooManyPixels,
            "65536 bytes of PNG data expand to 36003000, more than 250 times as many, as a decompression bomb does (limit MaxExpansion); send the picture smaller")));
        Assert.That(ImageReader.ReadHeader(file, new ImageLimits { MaxExpansion = 1000 }).Width, Is.EqualTo(3000));
    }

    [Test]
    public void ReadHeader_HundredsOfScans_IsUnsupported()
    {
        byte[] file = [.. Jpeg[..^2], .. Enumerable.Repeat((byte[])[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0], 200).SelectMany(scan => scan), 0xff, 0xd9];
        Assert.That(Refusal(file).Message, Does.Contain("64 scans"));
    }

    private static ImageFormatException Refusal(byte[] file) => Assert.Throws<ImageFormatException>(() => ImageReader.ReadHeader(file))!;
}
