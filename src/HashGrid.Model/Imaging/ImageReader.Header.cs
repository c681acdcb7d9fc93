using System.Buffers.Binary;

namespace HashGrid.Model.Imaging;

public static partial class ImageReader
{
    /// <summary>Reads format and size, and holds them, and the file's skeleton, against the limits. Never decodes; microseconds; any thread.</summary>
    /// <exception cref="ImageFormatException">Every <see cref="ImageProblem"/>; <see cref="ImageProblem.Truncated"/> if header or end are missing, or the data is too short for the size.</exception>
    public static ImageHeader ReadHeader(ReadOnlyMemory<byte> file, ImageLimits? limits = null)
    {
        limits ??= new ImageLimits();
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.IsEmpty)
            throw new ImageFormatException(ImageProblem.Empty, "image has 0 bytes; expected a PNG or JPEG file");
        if (bytes.Length > limits.MaxBytes)
            throw new ImageFormatException(ImageProblem.TooManyBytes, $"image has {bytes.Length} bytes, limit is {limits.MaxBytes}; send a smaller file or raise the limit");
        ImageHeader header = bytes.StartsWith(PngSignature) ? ReadPng(bytes)
            : bytes.StartsWith(JpegSignature) ? ReadJpeg(bytes)
            : throw Unknown(bytes);
        if (header.Width < 1 || header.Height < 1)
            throw new ImageFormatException(ImageProblem.Truncated, $"image is {header.Width} x {header.Height} pixels; expected at least 1 x 1, the file is damaged");
        if (header.Width > limits.MaxSide || header.Height > limits.MaxSide || (long)header.Width * header.Height > limits.MaxPixels)
            throw new ImageFormatException(ImageProblem.TooManyPixels,
                $"image is {header.Width} x {header.Height} pixels, limits are {limits.MaxSide} a side and {limits.MaxPixels} in all; reduce it or raise the limits");
        FileStructure.Require(bytes, header, limits);
        return header;
    }

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    private static ReadOnlySpan<byte> JpegSignature => [0xff, 0xd8, 0xff];

    private static ImageHeader ReadPng(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 33) // signature, then IHDR: length, type, 13 bytes, checksum
            throw CutOff("PNG", bytes.Length);
        if (!bytes[12..16].SequenceEqual("IHDR"u8))
            throw new ImageFormatException(ImageProblem.Truncated, "PNG does not begin with an IHDR chunk; the file is damaged");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]), height = BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]);
        int channels = bytes[25] switch { 0 => 1, 2 => 3, 3 => 3, 4 => 2, 6 => 4, byte other => throw Unsupported($"PNG of colour type {other}") };
        return new ImageHeader(ImageFormat.Png, (int)Math.Min(width, int.MaxValue), (int)Math.Min(height, int.MaxValue), bytes[24], channels);
    }

    private static ImageHeader ReadJpeg(ReadOnlySpan<byte> bytes)
    {
        // Markers are FF xx with a big-endian length that counts itself; the frame header (SOFn) holds precision, height, width, channels.
        for (int at = 2; at + 4 <= bytes.Length;)
        {
            if (bytes[at] != 0xff)
                throw new ImageFormatException(ImageProblem.Truncated, $"JPEG has byte {bytes[at]:x2} at {at} where a marker belongs; the file is damaged");
            byte marker = bytes[at + 1];
            if (marker is 0xff) // fill byte
            {
                at++;
                continue;
            }
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
            if (marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc))
            {
                if (at + 10 > bytes.Length)
                    break;
                if (marker is not (0xc0 or 0xc1 or 0xc2) || bytes[at + 4] != 8)
                    throw Unsupported($"JPEG with frame marker {marker:x2} and {bytes[at + 4]} bits");
                int height = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 5)..]), width = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 7)..]);
                return new ImageHeader(ImageFormat.Jpeg, width, height, bytes[at + 4], bytes[at + 9]);
            }
            at += 2 + Math.Max(length, 2);
        }
        throw CutOff("JPEG", bytes.Length);
    }

    private static ImageFormatException Unknown(ReadOnlySpan<byte> bytes)
    {
        string? name = bytes.StartsWith("GIF8"u8) ? "GIF"
            : bytes.StartsWith("BM"u8) ? "BMP"
            : bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8) ? "TIFF"
            : bytes.Length >= 12 && bytes.StartsWith("RIFF"u8) && bytes[8..12].SequenceEqual("WEBP"u8) ? "WebP"
            : bytes.Length >= 132 && bytes[128..132].SequenceEqual("DICM"u8) ? "DICOM"
            : null;
        if (name is not null)
            return Unsupported(name);
        if (PngSignature.StartsWith(bytes) || JpegSignature.StartsWith(bytes))
            return CutOff("PNG or JPEG", bytes.Length);
        return new ImageFormatException(ImageProblem.NotAnImage, $"{bytes.Length} bytes are not an image; expected a PNG or JPEG file");
    }

    private static ImageFormatException Unsupported(string found) =>
        new(ImageProblem.Unsupported, $"{found} is not read; expected PNG, or JPEG with 8 bits: convert the file");

    private static ImageFormatException CutOff(string format, int length) =>
        new(ImageProblem.Truncated, $"{format} ends within its header after {length} bytes; send the whole file");
}
