using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Persistence;

/// <summary>Reads <see cref="FileLayout"/> from a mapped file, believing nothing.</summary>
/// <remarks>
/// Header and section table are always checked; the content of sections when asked to. Lengths are checked against the file before anything is
/// read, and what sections say about rows and buckets is checked where it is used, so a crafted file cannot lead a search out of bounds.
/// </remarks>
internal static unsafe class IndexFileReader
{
    private const int PieceBytes = 8 << 20;

    public static (CodeWidth Width, Segment[] Segments) Read(string path, bool verify)
    {
        var file = new MappedFile(path);
        ReadOnlySpan<byte> header = new(file.Pointer, FileLayout.HeaderBytes);
        CheckHeader(path, file, header);
        var width = new CodeWidth(BinaryPrimitives.ReadInt32LittleEndian(header[12..]));
        List<Section> sections = ReadTable(path, file, header);
        if (verify) Verify(path, sections);
        int segmentCount = BinaryPrimitives.ReadInt32LittleEndian(header[24..]);
        if (segmentCount != sections.Count(section => section.Kind == SectionKind.Codes))
        {
            Throw(IndexFormatProblem.Inconsistent, 24, path, $"the header counts {segmentCount} segments, but the table holds another number");
        }
        var segments = new Segment[segmentCount];
        for (int i = 0; i < segmentCount; i++) segments[i] = new SegmentReader(path, file, width, [.. sections.Where(s => s.Segment == i)]).Read();
        long live = BinaryPrimitives.ReadInt64LittleEndian(header[32..]);
        if (live != segments.Sum(segment => (long)segment.Live))
        {
            Throw(IndexFormatProblem.Inconsistent, 32, path, $"the header counts {live} codes, but the segments hold {segments.Sum(s => (long)s.Live)}");
        }
        return (width, segments);
    }

    [DoesNotReturn]
    internal static void Throw(IndexFormatProblem reason, long offset, string path, string problem) => throw new IndexFormatException(
        reason, offset, $"{path}, byte {offset}: {problem}; restore the file from a copy, or save the index anew");

    private static void CheckHeader(string path, MappedFile file, ReadOnlySpan<byte> header)
    {
        if (!header[..8].SequenceEqual(FileLayout.Magic)) Throw(IndexFormatProblem.NotAnIndex, 0, path, "this is no index file");
        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(header[60..]), found = Crc32C.Append(0, header[..60]);
        if (expected != found) Throw(IndexFormatProblem.Checksum, 0, path, $"the header says checksum {expected:x8}, but its bytes give {found:x8}");
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        if (version != FileLayout.Version)
        {
            throw new IndexFormatException(IndexFormatProblem.NewerVersion, 8,
                $"{path} has format version {version}, but this library reads {FileLayout.Version}; use a newer library, or save the index anew");
        }
        int bits = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        if (bits is < CodeWidth.MinBits or > CodeWidth.MaxBits) Throw(IndexFormatProblem.Inconsistent, 12, path, $"the code width is {bits} bits");
        long length = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        if (length != file.Length)
        {
            Throw(IndexFormatProblem.WrongLength, 16, path, $"the file has {file.Length} bytes, but its header says {length}");
        }
        if (header[44..60].ContainsAnyExcept((byte)0)) Throw(IndexFormatProblem.Inconsistent, 44, path, "reserved header bytes are not zero");
    }

    private static List<Section> ReadTable(string path, MappedFile file, ReadOnlySpan<byte> header)
    {
        int count = BinaryPrimitives.ReadInt32LittleEndian(header[28..]);
        if (count is < 0 or > FileLayout.MaxSections || FileLayout.HeaderBytes + ((long)count * FileLayout.EntryBytes) > file.Length)
        {
            Throw(IndexFormatProblem.Inconsistent, 28, path, $"{count} sections do not fit a file of {file.Length} bytes");
        }
        ReadOnlySpan<byte> table = new(file.Pointer + FileLayout.HeaderBytes, count * FileLayout.EntryBytes);
        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(header[40..]), found = Crc32C.Append(0, table);
        if (expected != found)
        {
            Throw(IndexFormatProblem.Checksum, FileLayout.HeaderBytes, path, $"the section table has checksum {found:x8}, expected {expected:x8}");
        }
        List<Section> sections = new(count);
        long end = FileLayout.HeaderBytes + table.Length;
        int segment = -1;
        for (int i = 0; i < count; i++)
        {
            long at = FileLayout.HeaderBytes + ((long)i * FileLayout.EntryBytes);
            ReadOnlySpan<byte> entry = table.Slice(i * FileLayout.EntryBytes, FileLayout.EntryBytes);
            long offset = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]), length = BinaryPrimitives.ReadInt64LittleEndian(entry[16..]);
            if (offset != FileLayout.AlignUp(end) || offset > file.Length || length < 0 || length > file.Length - offset)
            {
                Throw(IndexFormatProblem.Inconsistent, at, path, $"section {i} lies at {offset} with {length} bytes, which does not follow the one before");
            }
            if (new ReadOnlySpan<byte>(file.Pointer + end, (int)(offset - end)).ContainsAnyExcept((byte)0))
            {
                Throw(IndexFormatProblem.Checksum, end, path, "bytes between sections are not zero");
            }
            var kind = (SectionKind)BinaryPrimitives.ReadInt32LittleEndian(entry);
            if (kind == SectionKind.Codes) segment++;
            if (!Enum.IsDefined(kind) || BinaryPrimitives.ReadInt32LittleEndian(entry[4..]) != segment || BinaryPrimitives.ReadInt32LittleEndian(entry[36..]) != 0)
            {
                Throw(IndexFormatProblem.Inconsistent, at, path, $"section {i} has kind {(int)kind}, or belongs to no segment");
            }
            end = offset + length;
            sections.Add(new Section
            {
                Kind = kind,
                Segment = segment,
                Offset = offset,
                Length = length,
                Argument = BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
                Crc = BinaryPrimitives.ReadUInt32LittleEndian(entry[32..]),
                Bytes = file.Pointer + offset,
            });
        }
        if (end != file.Length) Throw(IndexFormatProblem.WrongLength, end, path, $"{file.Length - end} bytes follow the last section");
        return sections;
    }

    private static void Verify(string path, List<Section> sections)
    {
        // Sections are independent; each is one stream of a CRC instruction, so cores add up.
        Section? damaged = null;
        Lock gate = new();
        Parallel.ForEach(sections, section =>
        {
            uint crc = 0;
            section.ForEachPiece(PieceBytes, (_, piece) => crc = Crc32C.Append(crc, piece));
            if (crc == section.Crc) return;
            lock (gate)
            {
                if (damaged is null || section.Offset < damaged.Offset) damaged = section;
            }
        });
        if (damaged is null) return;
        Throw(IndexFormatProblem.Checksum, damaged.Offset, path, $"the section {damaged.Kind} of segment {damaged.Segment} differs from its checksum");
    }
}
