using System.Buffers.Binary;

namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>How a camera says that its picture lies.</summary>
internal static class ExifOrientation
{
    /// <summary>As it is; also where nothing is said.</summary>
    public const int Upright = 1;

    private const int Tag = 0x0112, EntryBytes = 12;

    /// <summary>Reads an APP1 segment that begins with "Exif".</summary>
    /// <returns>1 to 8; 0 if the segment makes no sense.</returns>
    public static int Read(ReadOnlySpan<byte> segment)
    {
        if (segment.Length < 14) return 0;
        ReadOnlySpan<byte> tiff = segment[6..];   // behind "Exif" and two zeros
        bool little = tiff.StartsWith("II*\0"u8);
        if (!little && !tiff.StartsWith("MM\0*"u8)) return 0;
        uint directory = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2) return 0;
        tiff = tiff[(int)directory..];
        for (int left = Short(tiff, little); left > 0; left--)
        {
            if (tiff.Length < 2 + EntryBytes) return 0;
            if (Short(tiff[2..], little) == Tag) return Short(tiff[10..], little) is >= 1 and <= 8 and int orientation ? orientation : 0;
            tiff = tiff[EntryBytes..];
        }
        return Upright;
    }

    private static int Short(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
