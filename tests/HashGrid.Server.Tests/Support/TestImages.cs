using System.Buffers.Binary;
using System.IO.Compression;

namespace HashGrid.Server.Tests.Support;

/// <summary>Grey PNG files from a seed: smooth blobs, so that the same seed is the same picture at any size.</summary>
internal static class TestImages
{
    /// <param name="seed">Chooses the picture.</param>
    /// <param name="side">Width and height in pixels.</param>
    /// <param name="stored">Written without compression: a large file of known size.</param>
    public static byte[] Png(int seed, int side = 64, bool stored = false)
    {
        Random random = new(seed);
        (double X, double Y, double Radius)[] blobs = new (double, double, double)[6];
        for (int i = 0; i < blobs.Length; i++) blobs[i] = (random.NextDouble(), random.NextDouble(), 0.05 + 0.25 * random.NextDouble());
        byte[] rows = new byte[side * (side + 1)];
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                double value = 0;
                foreach ((double bx, double by, double radius) in blobs)
                {
                    double dx = (x + 0.5) / side - bx, dy = (y + 0.5) / side - by;
                    value += Math.Exp(-(dx * dx + dy * dy) / (radius * radius));
                }
                rows[y * (side + 1) + 1 + x] = (byte)Math.Min(255, 100 * value);
            }
        }
        return Png(side, side, rows, stored ? CompressionLevel.NoCompression : CompressionLevel.Fastest);
    }

    /// <summary>A header that claims a size, without the pixels behind it.</summary>
    public static byte[] PngClaiming(int width, int height) => Png(width, height, new byte[64], CompressionLevel.Fastest);

    /// <summary>Zeros only, as well compressed as can be.</summary>
    public static byte[] PngOfNothing(int side, bool interlaced)
    {
        // Interlaced rows are shorter and more; how many more does not matter to zeros.
        byte[] file = Png(side, side, new byte[(side + 1) * side + (interlaced ? 2 * side : 0)], CompressionLevel.SmallestSize);
        if (!interlaced) return file;
        file[28] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), Crc(file.AsSpan(12, 17)));
        return file;
    }

    /// <summary>Whole files of plausible size whose data ends a row early: grey of 8 bits in two sizes.</summary>
    public static IEnumerable<(string Name, byte[] File)> PngsWithoutTheirLastRow()
    {
        foreach (int side in (int[])[1024, 7900])
        {
            byte[] rows = new byte[(side + 1) * (side - 1)];
            var random = new Random(20262);
            for (int y = 0; y < side - 1; y++) random.NextBytes(rows.AsSpan((y * (side + 1)) + 1, side / 64));
            yield return ($"png of {side} x {side} whose data ends a row early", Png(side, side, rows, CompressionLevel.Fastest));
        }
    }

    private static byte[] Png(int width, int height, byte[] rows, CompressionLevel level)
    {
        using MemoryStream file = new();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;   // bits a sample; colour type 0: grey
        Chunk(file, "IHDR"u8, header);
        using MemoryStream data = new();
        using (ZLibStream zlib = new(data, level, leaveOpen: true)) zlib.Write(rows);
        Chunk(file, "IDAT"u8, data.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] body = [.. type, .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        file.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }
        return ~crc;
    }
}
