namespace HashGrid.Index.Segments;

/// <summary>The rows that lately lost their id to a newer row, so that a search under way can still count them.</summary>
/// <remarks>
/// A search sees the rows published when it began, but a tombstone at once. For a removal that is fine; for an upsert the id would be
/// missing from a search that began before: its old row marked, its new one not yet visible. So the writer logs the old row, marks it, publishes the new one, and a
/// search that finds the log longer than at its start looks at those few rows again. One writer, many readers, no lock.
/// </remarks>
internal sealed class ReplacementLog
{
    private const int Slots = 1 << 16;
    private (Segment Segment, int Row)[]? _ring;
    private uint _started;

    /// <summary>Replacements logged so far, modulo 2^32.</summary>
    public uint Started => Volatile.Read(ref _started);

    /// <summary>Logs a row that is about to be marked. Writer only; returns the count with it.</summary>
    public uint Add(Segment segment, int row)
    {
        _ring ??= new (Segment, int)[Slots];
        uint index = _started;
        // Whoever sees this slot change also sees the announcement before it, and so knows that the old entry is gone.
        Thread.MemoryBarrier();
        _ring[index % Slots] = (segment, row);
        Volatile.Write(ref _started, index + 1);
        return index + 1;
    }

    /// <summary>Entry <paramref name="index"/>; false if it has been overwritten since.</summary>
    public bool TryGet(uint index, out Segment segment, out int row)
    {
        (segment, row) = _ring![index % Slots];
        Thread.MemoryBarrier();
        return Started - index < Slots;
    }
}
