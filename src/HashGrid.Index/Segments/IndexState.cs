namespace HashGrid.Index.Segments;

/// <summary>What a search sees: the sealed segments, largest first, and the open one. Never changed, only replaced.</summary>
/// <param name="sealedSegments">Segments that grow no more; rows may still be removed.</param>
/// <param name="open">The segment that the writer appends to.</param>
internal sealed class IndexState(Segment[] sealedSegments, Segment open)
{
    public Segment[] Sealed { get; } = sealedSegments;

    public Segment Open { get; } = open;
}
