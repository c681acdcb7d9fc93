namespace HashGrid.Index.Segments;

/// <summary>Marks of the removed rows of one segment: set by the one writer, read by searches without a lock.</summary>
/// <param name="capacity">Rows of the segment.</param>
internal sealed class Tombstones(int capacity)
{
    private ulong[]? _bits;
    private int _count;

    /// <summary>Rows marked.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Bytes taken; nothing until the first mark.</summary>
    public long MemoryBytes => (long)(_bits?.Length ?? 0) * sizeof(ulong);

    /// <summary>Whether <paramref name="row"/> is marked.</summary>
    public bool this[int row]
    {
        get
        {
            ulong[]? bits = Volatile.Read(ref _bits);
            return bits is not null && ((Volatile.Read(ref bits[row >> 6]) >> row) & 1) != 0;
        }
    }

    /// <summary>Marks <paramref name="row"/>. Writer only.</summary>
    public void Mark(int row)
    {
        if (_bits is null) Volatile.Write(ref _bits, new ulong[(capacity + 63) / 64]);
        Volatile.Write(ref _bits![row >> 6], _bits[row >> 6] | (1UL << row));
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>The marks, one bit a row; empty when there are none. Writer only.</summary>
    public ReadOnlySpan<ulong> Words => _bits;

    /// <summary>A copy of the marks; empty when there are none. Writer only.</summary>
    public ulong[] Copy() => _bits is null ? [] : (ulong[])_bits.Clone();

    /// <summary>Takes over marks, for a segment that grew or was read from a file. Before publication only.</summary>
    public void Load(ReadOnlySpan<ulong> bits)
    {
        if (bits.IsEmpty) return;
        _bits = new ulong[(capacity + 63) / 64];
        bits[..Math.Min(bits.Length, _bits.Length)].CopyTo(_bits);
        _count = 0;
        foreach (ulong word in _bits) _count += System.Numerics.BitOperations.PopCount(word);
    }
}
