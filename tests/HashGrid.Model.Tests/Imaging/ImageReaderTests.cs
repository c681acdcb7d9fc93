using HashGrid.Model.Imaging;
using NetVips;

namespace HashGrid.Model.Tests.Imaging;

public sealed class ImageReaderTests
{
    private static readonly byte[] SampleJpeg = File.ReadAllBytes(Directory.GetFiles(TestFiles.Sample("images"), "*.jpg").Order(StringComparer.Ordinal).First());

    [Test]
    public void Decode_PngOfEveryKind_SameGrey([Values(1, 2, 3, 4)] int channels, [Values] bool sixteenBits)
    {
        float[] grey = Decode(Png(channels, sixteenBits), 16);
        for (int i = 0; i < grey.Length; i++)
            Assert.That(grey[i], Is.EqualTo(i / 255f).Within(0.6f / 255));
    }

    [Test]
    public void Decode_PalettePng_SameGrey()
    {
        using Image image = Ramp(1);
        byte[] file = image.PngsaveBuffer(palette: true, dither: 0);
        Assert.That(file[25], Is.EqualTo(3), "colour type");
        Assert.That(Decode(file, 16)[200], Is.EqualTo(200 / 255f).Within(0.02f));
    }

    [Test]
    public void Decode_TransparentPixels_AreBlack()
    {
        using Image white = Image.Black(8, 8, bands: 2) + new double[] { 255, 0 };
        using Image bytes = white.Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Bw);
        Assert.That(Decode(bytes.PngsaveBuffer(), 8), Is.All.EqualTo(0f));
    }

    [Test]
    public void Decode_OriginalRgbaOfNih_IsTheGreyOfItsRedChannel()
    {
        byte[] file = File.ReadAllBytes(TestFiles.Path("images", "rgba.png"));
        Assert.That(ImageReader.ReadHeader(file), Is.EqualTo(new ImageHeader(ImageFormat.Png, 1024, 1024, 8, 4)));
        using Image image = Image.NewFromBuffer(file);
        using Image red = image[0].Copy(interpretation: Enums.Interpretation.Bw);
        float[] expected = Decode(red.PngsaveBuffer(), 224), actual = Decode(file, 224);
        Assert.That(actual.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1.5f / 255));
    }

    [Test]
    public void Decode_ExifOrientation_IsApplied()
    {
        using Image ramp = Ramp(1);
        using Image turned = ramp.Mutate(mutable => mutable.Set(GValue.GIntType, "orientation", 3)); // upside down
        float[] grey = Decode(turned.JpegsaveBuffer(q: 100), 16);
        Assert.That(grey[0], Is.GreaterThan(0.9f));
        Assert.That(grey[255], Is.LessThan(0.1f));
    }

    [TestCase(ImageProblem.Empty, "")]
    [TestCase(ImageProblem.NotAnImage, "hello, this is text")]
    [TestCase(ImageProblem.Unsupported, "GIF89a\u0001\u0001")]
    [TestCase(ImageProblem.Unsupported, "BM123456789")]
    public void ReadHeader_OtherBytes_NamesTheProblem(ImageProblem expected, string text) =>
        Assert.That(Problem(System.Text.Encoding.Latin1.GetBytes(text)), Is.EqualTo(expected));

    [Test]
    public void Decode_CutOff_IsTruncated([Values(2, 12, 40, 600, 5000)] int length, [Values] bool png)
    {
        byte[] file = png ? File.ReadAllBytes(TestFiles.Path("images", "rgba.png")) : SampleJpeg;
        Assert.That(Problem(file[..length]), Is.EqualTo(ImageProblem.Truncated));
    }

    [Test]
    public void Decode_LastHalfMissing_IsTruncated() => Assert.That(Problem(SampleJpeg[..(SampleJpeg.Length / 2)]), Is.EqualTo(ImageProblem.Truncated));

    [Test]
    public void Decode_RandomBytesChanged_NeverFailsOtherwise()
    {
        var random = new Random(20261);
        byte[] original = Png(1, false);
        for (int round = 0; round < 300; round++)
        {
            byte[] file = [.. original];
            for (int i = 0; i < 3; i++)
                file[random.Next(8, file.Length)] = (byte)random.Next(256);
            try
            {
                Assert.That(Decode(file, 16), Is.All.InRange(0f, 1f));
            }
            catch (ImageFormatException failure)
            {
                Assert.That(failure.Message, Has.Length.LessThan(300), $"round {round}");
            }
        }
    }

    [Test]
    public void ReadHeader_HundredThousandSquare_IsTooManyPixels()
    {
        byte[] file = Png(1, false);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 100_000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 100_000);
        var failure = Assert.Throws<ImageFormatException>(() => ImageReader.ReadHeader(file))!;
        Assert.That(failure.Reason, Is.EqualTo(ImageProblem.TooManyPixels));
        Assert.That(failure.Message, Does.Contain("100000 x 100000").And.Contain("16384"));
    }

    [Test]
    public void ReadHeader_AboveMaxBytes_IsTooManyBytes() =>
        Assert.That(Assert.Throws<ImageFormatException>(() => ImageReader.ReadHeader(SampleJpeg, new ImageLimits { MaxBytes = 100 }))!.Reason, Is.EqualTo(ImageProblem.TooManyBytes));

    [Test]
    public void Decode_WrongDestination_NamesBothLengths() =>
        Assert.That(Assert.Throws<ArgumentException>(() => ImageReader.Decode(SampleJpeg, 16, new float[5]))!.Message, Does.Contain("5").And.Contain("256"));

    [Test]
    public void Decode_FromManyThreads_SameResult()
    {
        float[] expected = Decode(SampleJpeg, 224);
        float[][] results = new float[32][];
        Parallel.For(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => results[i] = Decode(SampleJpeg, 224));
        Assert.That(results.All(result => result.AsSpan().SequenceEqual(expected)), Is.True);
    }

    private static float[] Decode(byte[] file, int size)
    {
        float[] grey = new float[size * size];
        ImageReader.Decode(file, size, grey);
        return grey;
    }

    private static ImageProblem Problem(byte[] file) => Assert.Throws<ImageFormatException>(() => Decode(file, 16))!.Reason;

    private static Image Ramp(int channels)
    {
        byte[] samples = [.. Enumerable.Range(0, 256).SelectMany(i => Enumerable.Range(0, channels).Select(c => channels is 2 or 4 && c == channels - 1 ? (byte)255 : (byte)i))];
        return Image.NewFromMemory(samples, 16, 16, channels, Enums.BandFormat.Uchar)
            .Copy(interpretation: channels < 3 ? Enums.Interpretation.Bw : Enums.Interpretation.Srgb);
    }

    private static byte[] Png(int channels, bool sixteenBits)
    {
        using Image ramp = Ramp(channels);
        if (!sixteenBits)
            return ramp.PngsaveBuffer();
        using Image wide = (ramp * 257).Cast(Enums.BandFormat.Ushort).Copy(interpretation: channels < 3 ? Enums.Interpretation.Grey16 : Enums.Interpretation.Rgb16);
        byte[] file = wide.PngsaveBuffer();
        Assert.That(file[24], Is.EqualTo(16), "bit depth");
        return file;
    }
}
