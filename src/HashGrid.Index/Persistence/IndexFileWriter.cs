using System.Buffers.Binary;
using System.Runtime.InteropServices;
using HashGrid.Index.Clusters;
using HashGrid.Index.MultiIndex;
using HashGrid.Index.Segments;
using Microsoft.Win32.SafeHandles;

namespace HashGrid.Index.Persistence;

/// <summary>Writes segments in the form of <see cref="FileLayout"/>.</summary>
internal static unsafe class IndexFileWriter
{
    private const int PieceBytes = 8 << 20;
    private const long SyncBytes = 64 << 20;

    public static void Write(string path, CodeWidth width, IReadOnlyList<SegmentImage> images, CancellationToken ct)
    {
        List<Section> sections = [];
        List<GCHandle> pins = [];
        try
        {
            for (int i = 0; i < images.Count; i++) Describe(images[i], i, sections, pins);
            AtomicFile.Write(path, handle => WriteTo(handle, width, images, sections, ct));
        }
        finally
        {
            foreach (GCHandle pin in pins) pin.Free();
            GC.KeepAlive(images);
        }
    }

    private static void Describe(SegmentImage image, int index, List<Section> sections, List<GCHandle> pins)
    {
        Segment segment = image.Segment;
        long rows = image.Count;
        void Add(SectionKind kind, void* bytes, long length, ulong argument) => sections.Add(
            new Section { Kind = kind, Segment = index, Bytes = (byte*)bytes, Length = length, Argument = argument });

        Add(SectionKind.Codes, segment.Codes, rows * segment.Words * sizeof(ulong), (ulong)rows);
        IdColumn ids = segment.Ids;
        switch (ids.Kind)
        {
            case IdKind.Counted: Add(SectionKind.CountedIds, null, 0, ids.First); break;
            case IdKind.CountedInOrder: Add(SectionKind.OrderedIds, ids.Block!.Pointer, ids.Block.Length, ids.First); break;
            default: Add(SectionKind.GivenIds, ids.Block!.Pointer, rows * sizeof(ulong), 0); break;
        }
        if (segment.Labels.Block is NativeBlock labels) Add(SectionKind.Labels, labels.Pointer, rows * sizeof(ulong), 0);
        if (image.Removed.Length > 0)
        {
            GCHandle pin = GCHandle.Alloc(image.Removed, GCHandleType.Pinned);
            pins.Add(pin);
            Add(SectionKind.Tombstones, (void*)pin.AddrOfPinnedObject(), (rows + 63) / 64 * sizeof(ulong), 0);
        }
        if (segment.Clusters is ClusterTable clusters)
        {
            Add(SectionKind.ClusterCenters, clusters.CenterBlock.Pointer, clusters.CenterBlock.Length, (ulong)clusters.CenterCount);
            Add(SectionKind.ClusterStarts, clusters.StartBlock.Pointer, clusters.StartBlock.Length, 0);
        }
        if (segment.MultiIndex is not MultiIndexTable table) return;
        for (int part = 0; part < table.Parts.Length; part++)
        {
            ulong argument = ((ulong)table.Parts.Length << 32) | (uint)part;
            Add(SectionKind.MultiIndexOffsets, table.OffsetBlock(part).Pointer, table.OffsetBlock(part).Length, argument);
            if (table.RowBlock(part) is NativeBlock order) Add(SectionKind.MultiIndexRows, order.Pointer, order.Length, argument);
            if (table.CopyBlock(part) is NativeBlock copies) Add(SectionKind.MultiIndexCopies, copies.Pointer, copies.Length, argument);
        }
    }

    private static void WriteTo(SafeFileHandle handle, CodeWidth width, IReadOnlyList<SegmentImage> images, List<Section> sections, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        long unsynced = 0;
        long end = FileLayout.HeaderBytes + ((long)sections.Count * FileLayout.EntryBytes);
        foreach (Section section in sections)
        {
            // A hole before the section reads as zeros.
            section.Offset = FileLayout.AlignUp(end);
            end = section.Offset + section.Length;
            section.ForEachPiece(PieceBytes, (at, piece) =>
            {
                ct.ThrowIfCancellationRequested();
                RandomAccess.Write(handle, piece, section.Offset + at);
                section.Crc = Crc32C.Append(section.Crc, piece);
                if ((unsynced += piece.Length) < SyncBytes) return;
                // Nothing can end a sync: gigabytes at the end would hold up a process that has to leave, and the commits of others.
                RandomAccess.FlushToDisk(handle);
                unsynced = 0;
            });
        }
        RandomAccess.SetLength(handle, end);
        RandomAccess.Write(handle, Head(width, images, sections, end), 0);
    }

    private static byte[] Head(CodeWidth width, IReadOnlyList<SegmentImage> images, List<Section> sections, long fileLength)
    {
        var head = new byte[FileLayout.HeaderBytes + (sections.Count * FileLayout.EntryBytes)];
        Span<byte> table = head.AsSpan(FileLayout.HeaderBytes);
        for (int i = 0; i < sections.Count; i++)
        {
            Span<byte> entry = table.Slice(i * FileLayout.EntryBytes, FileLayout.EntryBytes);
            BinaryPrimitives.WriteInt32LittleEndian(entry, (int)sections[i].Kind);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], sections[i].Segment);
            BinaryPrimitives.WriteInt64LittleEndian(entry[8..], sections[i].Offset);
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], sections[i].Length);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], sections[i].Argument);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[32..], sections[i].Crc);
        }
        Span<byte> header = head.AsSpan(0, FileLayout.HeaderBytes);
        FileLayout.Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], FileLayout.Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], width.Bits);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], fileLength);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], images.Count);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], sections.Count);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], images.Sum(image => (long)image.Live));
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], Crc32C.Append(0, table));
        BinaryPrimitives.WriteUInt32LittleEndian(header[60..], Crc32C.Append(0, header[..60]));
        return head;
    }
}
