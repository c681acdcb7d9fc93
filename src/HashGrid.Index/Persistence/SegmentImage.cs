using HashGrid.Index.Segments;

namespace HashGrid.Index.Persistence;

/// <summary>What of a segment goes into a file: its published rows at one moment, and a copy of the marks of that moment.</summary>
/// <param name="Segment">The segment; its rows do not change any more.</param>
/// <param name="Count">Rows published at that moment.</param>
/// <param name="Removed">Tombstones at that moment, one bit a row; empty when none.</param>
/// <param name="Live">Rows not removed at that moment.</param>
internal sealed record SegmentImage(Segment Segment, int Count, ulong[] Removed, int Live)
{
    /// <summary>The image of now. The caller holds the writer's lock.</summary>
    public static SegmentImage Of(Segment segment) => new(segment, segment.Count, segment.Removed.Copy(), segment.Live);
}
