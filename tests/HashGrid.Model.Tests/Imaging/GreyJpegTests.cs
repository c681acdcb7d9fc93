using HashGrid.Model.Imaging;
using HashGrid.Model.Imaging.Jpeg;
using NetVips;

namespace HashGrid.Model.Tests.Imaging;

/// <summary>The decoder of grey JPEG files against libvips, which has decoded the pictures that the shipped weights were trained on.</summary>
public sealed class GreyJpegTests
{
    private static readonly string[] Samples = [.. Directory.GetFiles(TestFiles.Sample("images"), "*.jpg").Order(StringComparer.Ordinal)];

    // Blocks whole, at a half, a quarter, an eighth; sides that end within a block; unequal sides.
    [TestCase(224, 224)]
    [TestCase(225, 300)]
    [TestCase(512, 512)]
    [TestCase(883, 500)]
    [TestCase(1024, 1024)]
    [TestCase(1111, 1500)]
    [TestCase(2002, 1999)]
    [TestCase(3700, 3601)]
    public void TryDecode_EverySize_IsWhatLibvipsMakes(int width, int height)
    {
        using Image sample = Image.NewFromBuffer(File.ReadAllBytes(Samples[3]));
        using Image sized = sample.Resize(width / 512.0, vscale: height / 512.0);
        foreach (int quality in (int[])[30, 75, 95])
        {
            byte[] file = sized.JpegsaveBuffer(q: quality);
            (double most, double mean) = Difference(file, 224);
            // Blocks of reduced size are not rounded where libjpeg rounds, and a position between two 64ths may fall to either.
            Assert.That(most, Is.LessThan(2.01), $"grey levels at most, quality {quality}");
            Assert.That(mean, Is.LessThan(0.03), $"grey levels on average, quality {quality}");
        }
    }

    [Test]
    public void TryDecode_Samples_AreWhatLibvipsMakesToTheLastBit()
    {
        foreach (string sample in Samples)
        {
            Assert.That(Difference(File.ReadAllBytes(sample), 224).Most, Is.Zero, sample);
        }
    }

    [Test]
    public void TryDecode_RestartMarkers_ChangesNothing([Values(1, 3, 64)] int interval)
    {
        using Image sample = Image.NewFromBuffer(File.ReadAllBytes(Samples[0]));
        float[] expected = new float[224 * 224], actual = new float[224 * 224];
        Assert.That(GreyJpeg.TryDecode(sample.JpegsaveBuffer(q: 80), 224, expected), Is.EqualTo(JpegOutcome.Decoded));
        byte[] file = sample.JpegsaveBuffer(q: 80, restartInterval: interval);
        Assert.That(file.AsSpan().IndexOf([(byte)0xff, (byte)0xd0]), Is.Positive, "restart markers");
        Assert.That(GreyJpeg.TryDecode(file, 224, actual), Is.EqualTo(JpegOutcome.Decoded));
        Assert.That(actual, Is.EqualTo(expected));
    }

    [Test]
    public void TryDecode_OtherKinds_AreLeftToLibvips()
    {
        using Image sample = Image.NewFromBuffer(File.ReadAllBytes(Samples[0]));
        using Image colour = sample.Colourspace(Enums.Interpretation.Srgb);
        using Image turned = sample.Mutate(mutable => mutable.Set(GValue.GIntType, "orientation", 6));
        using Image small = sample.Resize(0.2);
        foreach ((string name, byte[] file) in ((string, byte[])[])
        [
            ("progressive", sample.JpegsaveBuffer(interlace: true)),
            ("colour", colour.JpegsaveBuffer()),
            ("turned", turned.JpegsaveBuffer()),
            ("smaller than the target", small.JpegsaveBuffer()),
        ])
        {
            float[] expected = new float[224 * 224], actual = new float[224 * 224];
            Assert.That(GreyJpeg.TryDecode(file, 224, actual), Is.EqualTo(JpegOutcome.AnotherKind), name);
            ImageReader.DecodeByLibrary(file, ImageReader.ReadHeader(file), 224, expected);
            ImageReader.Decode(file, 224, actual);
            Assert.That(actual, Is.EqualTo(expected), name);
        }
    }

    [Test]
    public void TryDecode_CutAnywhere_IsDamaged()
    {
        byte[] file = File.ReadAllBytes(Samples[5]);
        int data = file.AsSpan().IndexOf([(byte)0xff, (byte)0xda]) + 10;
        float[] pixels = new float[224 * 224];
        for (int length = data; length < file.Length - 1; length += 997)
        {
            Assert.That(GreyJpeg.TryDecode(file.AsSpan(0, length), 224, pixels), Is.EqualTo(JpegOutcome.Damaged), $"{length} bytes");
            // With the end marker put behind what is left: data runs out before the picture does.
            Assert.That(GreyJpeg.TryDecode([.. file[..length], 0xff, 0xd9], 224, pixels), Is.EqualTo(JpegOutcome.Damaged), $"{length} bytes and an end");
        }
    }

    [Test]
    public void TryDecode_RandomBytesChanged_StaysWithinItsMemory()
    {
        byte[] original = File.ReadAllBytes(Samples[7]);
        var random = new Random(20263);
        float[] pixels = new float[224 * 224];
        int decoded = 0;
        for (int round = 0; round < 400; round++)
        {
            byte[] file = [.. original];
            for (int i = 0; i < 4; i++) file[random.Next(2, round % 2 == 0 ? 300 : file.Length)] = (byte)random.Next(256);
            if (GreyJpeg.TryDecode(file, 224, pixels) != JpegOutcome.Decoded) continue;
            decoded++;
            Assert.That(pixels, Is.All.InRange(0f, 1f), $"round {round}");
        }
        Assert.That(decoded, Is.Positive.And.LessThan(400), "files that were still decoded");
    }

    [Test]
    public void Transform_EveryScale_IsTheMeanOfTheExactTransform([Values(1, 2, 4, 8)] int shrink, [Values(1, 2, 5, 8)] int extent)
    {
        var random = new Random(20261);
        int[] block = new int[64];
        for (int v = 0; v < extent; v++)
            for (int u = 0; u < extent; u++)
                block[(v * 8) + u] = random.Next(-60, 61);
        double[] exact = new double[64];
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                for (int v = 0; v < 8; v++)
                    for (int u = 0; u < 8; u++)
                        exact[(y * 8) + x] += Basis(y, v) * Basis(x, u) * block[(v * 8) + u];
        float[] plane = new float[128];
        InverseDct.Of(shrink).Transform(block, extent, plane, 16);
        for (int y = 0; y < 8 / shrink; y++)
        {
            for (int x = 0; x < 8 / shrink; x++)
            {
                double mean = 0;
                for (int i = 0; i < shrink * shrink; i++) mean += exact[(((y * shrink) + (i / shrink)) * 8) + (x * shrink) + (i % shrink)] / (shrink * shrink);
                Assert.That(plane[(y * 16) + x], Is.EqualTo(Math.Clamp(mean + 128, 0, 255)).Within(shrink == 1 ? 0.6 : 0.51));
            }
        }
    }

    [Test]
    public void TrySet_MoreCodesThanTheirLengthHolds_IsRefused()
    {
        byte[] counts = new byte[16];
        counts[0] = 3;   // three codes of one bit
        Assert.That(new HuffmanTable().TrySet(counts, [1, 2, 3]), Is.False);
    }

    [Test]
    public void Find_CodesOfEveryLength_GivesTheirSymbols()
    {
        // One code of each length: 0, 10, 110, ...
        byte[] symbols = [.. Enumerable.Range(1, 16).Select(i => (byte)(i * 7))];
        var table = new HuffmanTable();
        Assert.That(table.TrySet([.. Enumerable.Repeat((byte)1, 16)], symbols), Is.True);
        for (int i = 0; i < 16; i++)
        {
            ulong window = ~(ulong.MaxValue >> i);
            Assert.That((table.Find(window, out int length), length), Is.EqualTo((symbols[i], i + 1)));
        }
        Assert.That((table.Find(ulong.MaxValue, out int none), none), Is.EqualTo((0, 0)), "sixteen ones");
    }

    private static double Basis(int pixel, int frequency) =>
        (frequency == 0 ? Math.Sqrt(0.5) : 1) / 2 * Math.Cos(((2 * pixel) + 1) * frequency * Math.PI / 16);

    /// <summary>In grey levels, the greatest and the mean.</summary>
    private static (double Most, double Mean) Difference(byte[] file, int size)
    {
        float[] expected = new float[size * size], actual = new float[size * size];
        ImageReader.DecodeByLibrary(file, ImageReader.ReadHeader(file), size, expected);
        Assert.That(GreyJpeg.TryDecode(file, size, actual), Is.EqualTo(JpegOutcome.Decoded));
        double[] differences = [.. actual.Zip(expected, (a, b) => Math.Abs(a - b) * 255.0)];
        TestContext.Out.WriteLine($"{size}: {differences.Max():F2} at most, {differences.Average():F4} on average");
        return (differences.Max(), differences.Average());
    }
}
