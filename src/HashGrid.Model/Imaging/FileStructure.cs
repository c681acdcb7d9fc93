using System.Buffers.Binary;

namespace HashGrid.Model.Imaging;

/// <summary>Holds a file's skeleton against its header before anything is decoded: is the end there, can so few bytes hold so many pixels, do they hold too many?</summary>
/// <remarks>Reads chunk and marker heads only; microseconds. A library finds out in the last row, after it has decoded all others.</remarks>
internal static class FileStructure
{
    // Deflate cannot do better: 258 bytes for two bits.
    private const long MostInflation = 1032;

    // Files that stay small in memory are nobody's bomb, however well they compress.
    private const long HarmlessBytes = 16 << 20;

    // Ten are usual; each passes over all coefficients again.
    private const int MostScans = 64;

    /// <summary>Checks a file whose header has been read.</summary>
    /// <exception cref="ImageFormatException">Cut off, or a bomb.</exception>
    public static void Require(ReadOnlySpan<byte> file, in ImageHeader header, ImageLimits limits)
    {
        if (header.Format == ImageFormat.Png) RequirePng(file, header, limits);
        else RequireJpeg(file, header);
    }

    private static void RequirePng(ReadOnlySpan<byte> file, in ImageHeader header, ImageLimits limits)
    {
        long data = 0, at = 8;
        while (true)
        {
            // Length, four letters, content, checksum.
            if (at + 12 > file.Length) throw CutOff(header, file.Length, "before its IEND chunk");
            ReadOnlySpan<byte> chunk = file[(int)at..];
            long length = BinaryPrimitives.ReadUInt32BigEndian(chunk);
            if (chunk[4..8].SequenceEqual("IEND"u8)) break;
            if (chunk[4..8].SequenceEqual("IDAT"u8)) data += length;
            at += 12 + length;
        }
        bool isPalette = file[25] == 3;
        long rowBytes = (((long)header.Width * header.BitDepth * (isPalette ? 1 : header.Channels)) + 7) / 8, pixels = (rowBytes + 1) * header.Height;
        if (pixels > data * MostInflation) throw CutOff(header, file.Length, $"with {data} bytes of data, which cannot hold so many pixels");
        if (pixels > HarmlessBytes && pixels > data * limits.MaxExpansion)
        {
            throw new ImageFormatException(ImageProblem.TooManyPixels,
                $"{data} bytes of PNG data expand to {pixels}, more than {limits.MaxExpansion} times as many, as a decompression bomb does (limit MaxExpansion); send the picture smaller");
        }
    }

    private static void RequireJpeg(ReadOnlySpan<byte> file, in ImageHeader header)
    {
        int scan = file.IndexOf([(byte)0xff, (byte)0xda]);
        ReadOnlySpan<byte> data = scan < 0 ? [] : file[(scan + 2)..];
        int end = data.LastIndexOf([(byte)0xff, (byte)0xd9]);
        if (end < 0) throw CutOff(header, file.Length, "before its end marker");
        // A block of 8 x 8 takes a bit at least, in whatever kind of file.
        long blocks = ((header.Width + 7L) / 8) * ((header.Height + 7L) / 8);
        if (end * 8L < blocks) throw CutOff(header, file.Length, $"with {end} bytes of data, which cannot hold so many pixels");
        int scans = 1;
        for (ReadOnlySpan<byte> rest = data[..end]; rest.IndexOf([(byte)0xff, (byte)0xda]) is >= 0 and int next; rest = rest[(next + 2)..])
        {
            if (++scans > MostScans)
                throw new ImageFormatException(ImageProblem.Unsupported, $"JPEG with more than {MostScans} scans is not read; ten are usual: convert the file");
        }
    }

    private static ImageFormatException CutOff(in ImageHeader header, int length, string where) => new(ImageProblem.Truncated,
        $"{header.Format} of {header.Width} x {header.Height} pixels ends after {length} bytes {where}; send the whole file");
}
