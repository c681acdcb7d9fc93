using System.Buffers.Binary;
using System.Text;

namespace HashGrid.Model.Runtime;

/// <summary>Finds and weakens one version requirement of a 64-bit little-endian ELF library.</summary>
/// <remarks>
/// The section <c>.gnu.version_r</c> is a chain of <c>Verneed</c> records (one per library), each with a chain of <c>Vernaux</c> records (one per version).
/// Bit 1 of <c>vna_flags</c> (<c>VER_FLG_WEAK</c>) tells the loader to go on without that version. Source: System V gABI, Linux Standard Base 5.0, "Symbol Versioning".
/// </remarks>
public static class ElfVersionNeeds
{
    private const uint SectionVersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort FlagWeak = 0x2; // VER_FLG_WEAK
    private const int HeaderBytes = 64, SectionBytes = 64, RecordBytes = 16;

    /// <summary>Marks the requirement weak; a second call changes nothing.</summary>
    /// <param name="elf">The whole file; two bytes of it change.</param>
    /// <param name="version">Such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>False if the library does not ask for that version.</returns>
    /// <exception cref="InvalidDataException">The bytes are not a well-formed 64-bit little-endian ELF file.</exception>
    public static bool MarkWeak(Span<byte> elf, string version)
    {
        int offset = FindFlags(elf, version);
        if (offset < 0)
            return false;
        ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(elf[offset..]);
        BinaryPrimitives.WriteUInt16LittleEndian(elf[offset..], (ushort)(flags | FlagWeak));
        return true;
    }

    /// <summary>Offset in bytes of <c>vna_flags</c> of the requirement, or −1 if there is none.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a well-formed 64-bit little-endian ELF file.</exception>
    public static int FindFlags(ReadOnlySpan<byte> elf, string version)
    {
        if (elf.Length < HeaderBytes || !elf[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        long sections = (long)U64(elf, 0x28);
        int sectionSize = U16(elf, 0x3a), sectionCount = U16(elf, 0x3c);
        if (sectionSize != SectionBytes)
            throw new InvalidDataException($"ELF section headers have {sectionSize} bytes, expected {SectionBytes}");
        for (int i = 0; i < sectionCount; i++)
        {
            ReadOnlySpan<byte> section = Slice(elf, sections + (long)i * SectionBytes, SectionBytes);
            if (U32(section, 4) != SectionVersionNeeds)
                continue;
            uint link = U32(section, 0x28);
            if (link >= sectionCount)
                throw new InvalidDataException($"ELF section {i} links to section {link} of {sectionCount}");
            ReadOnlySpan<byte> strings = Slice(elf, sections + (long)link * SectionBytes, SectionBytes);
            ReadOnlySpan<byte> names = Slice(elf, (long)U64(strings, 0x18), (long)U64(strings, 0x20));
            return FindInSection(elf, (long)U64(section, 0x18), (int)U32(section, 0x2c), names, Encoding.ASCII.GetBytes(version));
        }
        return -1;
    }

    private static int FindInSection(ReadOnlySpan<byte> elf, long start, int libraries, ReadOnlySpan<byte> names, ReadOnlySpan<byte> version)
    {
        long need = start;
        for (int i = 0; i < libraries; i++)
        {
            ReadOnlySpan<byte> record = Slice(elf, need, RecordBytes); // version, count, file, first aux, next
            long aux = need + U32(record, 8);
            for (int j = U16(record, 2); j > 0; j--)
            {
                ReadOnlySpan<byte> entry = Slice(elf, aux, RecordBytes); // hash, flags, other, name, next
                uint name = U32(entry, 8);
                if (name >= names.Length)
                    throw new InvalidDataException($"ELF version name at {name} of a string table of {names.Length} bytes");
                ReadOnlySpan<byte> text = names[(int)name..];
                if (text.Length > version.Length && text.StartsWith(version) && text[version.Length] == 0)
                    return (int)aux + 4;
                aux += U32(entry, 12);
            }
            need += U32(record, 12);
        }
        return -1;
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, long offset, long length)
    {
        if (offset < 0 || length < 0 || length > bytes.Length || offset > bytes.Length - length)
            throw new InvalidDataException($"ELF refers to bytes {offset}..{offset + length} of a file of {bytes.Length}");
        return bytes.Slice((int)offset, (int)length);
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
