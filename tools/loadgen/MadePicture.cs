using System.Buffers.Binary;
using System.IO.Compression;

namespace HashGrid.LoadGen;

/// <summary>Grey PNG files from a seed, so that images can be sent without having any.</summary>
internal static class MadePicture
{
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <param name="seed">Chooses the picture: a few bright spots on a slope, with some noise, as an X-ray compresses.</param>
    /// <param name="side">Width and height in pixels.</param>
    public static byte[] Png(int seed, int side)
    {
        var random = new Random(seed);
        (double X, double Y, double Size)[] spots = [.. Enumerable.Range(0, 4).Select(_ => (random.NextDouble() * side, random.NextDouble() * side, side * (0.05 + 0.2 * random.NextDouble())))];
        byte[] rows = new byte[side * (side + 1)];
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                double value = 60.0 * y / side + random.Next(4);
                foreach ((double spotX, double spotY, double size) in spots)
                    value += 120 * Math.Exp(-((x - spotX) * (x - spotX) + (y - spotY) * (y - spotY)) / (size * size));
                rows[y * (side + 1) + 1 + x] = (byte)Math.Min(value, 255);
            }
        }
        var file = new MemoryStream();
        file.Write(Signature);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, side);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), side);
        header[8] = 8;   // bits a sample; colour type 0: grey
        Chunk(file, "IHDR"u8, header);
        var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(rows);
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
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }
        return ~crc;
    }
}
