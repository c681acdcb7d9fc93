using HashGrid.Index.Clusters;
using HashGrid.Index.MultiIndex;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Persistence;

/// <summary>Turns the sections of one segment into the segment, in place in the mapped file.</summary>
internal sealed unsafe class SegmentReader(string path, MappedFile file, CodeWidth width, List<Section> sections)
{
    private int _next;

    public Segment Read()
    {
        Section codes = Take(SectionKind.Codes);
        if (codes.Argument is 0 or > int.MaxValue) Fail(codes, $"a segment has {codes.Argument} rows, but 1 to 2^31 − 1 are possible");
        int rows = (int)codes.Argument;
        NativeBlock codeBlock = Block(codes, (long)rows * width.Bytes);
        IdColumn ids = ReadIds(rows);
        NativeBlock? labels = TryTake(SectionKind.Labels) is { } labelled ? Block(labelled, (long)rows * sizeof(ulong)) : null;
        Section? removed = TryTake(SectionKind.Tombstones);
        ClusterTable? clusters = ReadClusters(rows);
        MultiIndexTable? table = ReadMultiIndex(rows);
        if (_next != sections.Count) Fail(sections[_next], $"a section {sections[_next].Kind} is out of place");
        var segment = new Segment(width.Words, rows, rows, codeBlock, ids, labels) { MultiIndex = table, Clusters = clusters, IsBuilt = table is not null || clusters is not null };
        if (removed is not null) segment.Removed.Load(new ReadOnlySpan<ulong>(Block(removed, (rows + 63L) / 64 * sizeof(ulong)).Pointer, (rows + 63) / 64));
        if (segment.Live < 0) Fail(removed!, "more rows are removed than there are");
        return segment;
    }

    private IdColumn ReadIds(int rows)
    {
        Section section = _next < sections.Count ? sections[_next] : sections[^1];
        switch (section.Kind)
        {
            case SectionKind.CountedIds:
                _next++;
                _ = Block(section, 0);
                return IdColumn.Counted(section.Argument);
            case SectionKind.OrderedIds:
                _next++;
                return IdColumn.CountedInOrder(section.Argument, Block(section, IdColumn.OrderBytes(rows)), rows);
            default:
                return IdColumn.Given(Block(Take(SectionKind.GivenIds), (long)rows * sizeof(ulong)));
        }
    }

    private ClusterTable? ReadClusters(int rows)
    {
        Section? section = TryTake(SectionKind.ClusterCenters);
        if (section is null) return null;
        if (section.Argument is 0 or > 1 << 24) Fail(section, $"there are {section.Argument} centres");
        long centers = (long)section.Argument;
        NativeBlock centerBlock = Block(section, centers * width.Bytes);
        Section starts = Take(SectionKind.ClusterStarts);
        var table = new ClusterTable(width, centerBlock, Block(starts, ((centers * (width.Bits + 1)) + 1) * sizeof(uint)), rows);
        if (!table.IsConsistent) Fail(starts, "the rows of the centres overlap or leave rows out");
        return table;
    }

    private MultiIndexTable? ReadMultiIndex(int rows)
    {
        if (_next >= sections.Count || sections[_next].Kind != SectionKind.MultiIndexOffsets) return null;
        int parts = (int)(sections[_next].Argument >> 32);
        if (parts < 1 || parts > width.Bits || width.Bits / parts > 29) Fail(sections[_next], $"a multi-index has {parts} substrings");
        Substring[] substrings = Substring.Split(width.Bits, parts);
        var offsets = new NativeBlock[parts];
        var order = new NativeBlock?[parts];
        var copies = new NativeBlock?[parts];
        for (int part = 0; part < parts; part++)
        {
            Section first = Take(SectionKind.MultiIndexOffsets);
            offsets[part] = Block(first, ((1L << substrings[part].Length) + 1) * sizeof(uint));
            if (first.Argument != (((ulong)parts << 32) | (uint)part)) Fail(first, "a substring is out of place");
            // Substring 0 has no row numbers where the rows lie in its order.
            Section? numbers = part == 0 ? TryTake(SectionKind.MultiIndexRows) : Take(SectionKind.MultiIndexRows);
            order[part] = numbers is null ? null : Block(numbers, MultiIndexTable.RowBlockBytes(rows));
            if (TryTake(SectionKind.MultiIndexCopies) is Section copy) copies[part] = Block(copy, (long)rows * width.Bytes);
            if (part > 1 && copies[part] is null != copies[1] is null) Fail(first, "some substrings have copies of the codes and some have none");
        }
        return new MultiIndexTable(substrings, offsets, order, Array.TrueForAll(copies, copy => copy is null) ? null : copies, rows);
    }

    private Section Take(SectionKind kind)
    {
        Section? section = TryTake(kind);
        if (section is null) Fail(sections[Math.Min(_next, sections.Count - 1)], $"a section {kind} is missing");
        return section!;
    }

    private Section? TryTake(SectionKind kind) => _next < sections.Count && sections[_next].Kind == kind ? sections[_next++] : null;

    private NativeBlock Block(Section section, long length)
    {
        if (section.Length != length) Fail(section, $"section {section.Kind} has {section.Length} bytes, but {length} follow from the rows");
        return NativeBlock.View(file, section.Bytes, length);
    }

    private void Fail(Section section, string problem) => IndexFileReader.Throw(IndexFormatProblem.Inconsistent, section.Offset, path, problem);
}
