using System.Buffers.Binary;

namespace HashGrid.Server.Tests.Support;

/// <summary>Forty files that mean harm: other things than images, cut-offs, absurd headers, bombs.</summary>
internal static class HostileFiles
{
    /// <summary>Each with the name of its harm; the limit on bytes is 2 MiB, the others are the defaults.</summary>
    public static IEnumerable<(string Name, byte[] File)> All()
    {
        byte[] png = TestImages.Png(1, 200), jpeg = Jpeg();
        yield return ("nothing", []);
        yield return ("zeros", new byte[5000]);
        yield return ("text", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        yield return ("script", "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"u8.ToArray());
        yield return ("random bytes", Random(4096));
        yield return ("gif", [.. "GIF89a"u8, .. new byte[100]]);
        yield return ("bmp", [(byte)'B', (byte)'M', .. new byte[100]]);
        yield return ("tiff", [(byte)'I', (byte)'I', 42, 0, .. new byte[100]]);
        yield return ("webp", [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBPVP8 "u8, .. new byte[100]]);
        yield return ("dicom", [.. new byte[128], .. "DICM"u8, .. new byte[100]]);
        yield return ("png signature alone", png[..8]);
        yield return ("png cut in its header", png[..20]);
        yield return ("png cut after its header", png[..33]);
        yield return ("png cut before its data", png[..41]);
        yield return ("png cut in the middle", png[..(png.Length / 2)]);
        yield return ("png without its last data", png[..^40]);
        yield return ("png of 100,000 x 100,000", TestImages.PngClaiming(100_000, 100_000));
        yield return ("png of 2^31 - 1 squared", TestImages.PngClaiming(int.MaxValue, int.MaxValue));
        yield return ("png of negative width", TestImages.PngClaiming(-1, 10));
        yield return ("png of no width", TestImages.PngClaiming(0, 10));
        yield return ("png of no height", TestImages.PngClaiming(10, 0));
        yield return ("png long and thin", TestImages.PngClaiming(1, 60_000));
        yield return ("png of 8,001 x 8,001: just too many", TestImages.PngClaiming(8001, 8001));
        yield return ("png of 7,900 x 7,900 with 64 bytes behind it: a bomb's shell", TestImages.PngClaiming(7900, 7900));
        yield return ("png of colour type 9", With(png, 25, 9));
        yield return ("png of 77 bits", With(png, 24, 77));
        yield return ("png with a broken first chunk name", With(png, 12, (byte)'X'));
        yield return ("png with rotten data", Rot(png));
        yield return ("png larger than the limit", TestImages.Png(1, 1500, stored: true));
        yield return ("jpeg start alone", [0xff, 0xd8, 0xff]);
        yield return ("jpeg cut in its header", jpeg[..30]);
        yield return ("jpeg without any data", jpeg);
        yield return ("jpeg of 65,535 x 65,535", Sized(jpeg, ushort.MaxValue, ushort.MaxValue));
        yield return ("png bomb: 7,900 x 7,900 of nothing, whole", TestImages.PngOfNothing(7900, interlaced: false));
        yield return ("png bomb, interlaced", TestImages.PngOfNothing(7900, interlaced: true));
        yield return ("jpeg of 7,900 x 7,900, an end and nothing between", [.. Sized(jpeg, 7900, 7900), .. new byte[64], 0xff, 0xd9]);
        yield return ("the same, progressive", [.. With(Sized(jpeg, 7900, 7900), 21, 0xc2), .. new byte[64], 0xff, 0xd9]);
        yield return ("jpeg of 10,000 scans", [.. With(jpeg, 21, 0xc2), .. Enumerable.Repeat((byte[])[0, 0, 0, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0], 10_000).SelectMany(scan => scan), 0xff, 0xd9]);
        yield return ("jpeg of no height", Sized(jpeg, 0, 100));
        yield return ("jpeg of endless fill bytes", [0xff, 0xd8, .. Enumerable.Repeat((byte)0xff, 100_000)]);
    }

    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(20264).NextBytes(bytes);
        return bytes;
    }

    private static byte[] With(byte[] file, int at, byte value)
    {
        byte[] copy = [.. file];
        copy[at] = value;
        return copy;
    }

    private static byte[] Rot(byte[] file)
    {
        byte[] copy = [.. file];
        for (int i = 60; i < copy.Length - 20; i += 7) copy[i] ^= 0x55;
        return copy;
    }

    /// <summary>A frame header of 100 × 100 grey pixels, and nothing behind it.</summary>
    private static byte[] Jpeg() =>
    [
        0xff, 0xd8, 0xff, 0xe0, 0, 16, (byte)'J', (byte)'F', (byte)'I', (byte)'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
        0xff, 0xc0, 0, 11, 8, 0, 100, 0, 100, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0,
    ];

    private static byte[] Sized(byte[] jpeg, ushort height, ushort width)
    {
        byte[] copy = [.. jpeg];
        BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(25), height);
        BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(27), width);
        return copy;
    }
}
