namespace HashGrid.Index.Persistence;

/// <summary>The layout of an index file, version 3. Everything is little-endian.</summary>
/// <remarks>
/// <code>
/// header, 64 bytes
///    0  8  "HGINDEX" and a zero byte
///    8  4  format version, 3
///   12  4  bits a code, 8 to 1024
///   16  8  length of the file in bytes
///   24  4  segments
///   28  4  sections
///   32  8  codes that are not removed
///   40  4  CRC-32C of the section table
///   44 16  zero
///   60  4  CRC-32C of bytes 0 to 59
/// section table, 40 bytes a section, in the order of the sections in the file
///    0  4  kind (SectionKind)
///    4  4  segment, counted from 0, never falling
///    8  8  offset of the section: the end of the one before, rounded up to 64; between them zeros
///   16  8  length in bytes
///   24  8  argument, see SectionKind
///   32  4  CRC-32C of the section
///   36  4  zero
/// sections
/// </code>
/// Every byte is covered by a checksum or must be zero, so every changed byte is found. Offsets are 64 bits wide, and a file has any number of
/// segments of up to 2^31 − 1 rows, so 2^32 codes are no limit. Sections are aligned to 64 bytes: a mapped file is searched in place.
/// </remarks>
internal static class FileLayout
{
    public const int Version = 3;
    public const int HeaderBytes = 64;
    public const int EntryBytes = 40;
    public const int Alignment = 64;
    public const int MaxSections = 1 << 20;

    public static ReadOnlySpan<byte> Magic => "HGINDEX\0"u8;

    public static long AlignUp(long offset) => (offset + Alignment - 1) & -Alignment;
}
