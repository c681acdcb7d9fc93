using System.Numerics;

namespace HashGrid.Index.Segments;

/// <summary>From id to row inside one segment: open addressing, one 32-bit row a slot, ids compared in the id column.</summary>
/// <remarks>
/// One writer inserts while readers look up: a slot is one atomic write, made after its row is complete. Slots are never emptied; a removed
/// row keeps its slot and is told by its tombstone, and a returning id takes the slot over. At most 3/4 full.
/// </remarks>
internal sealed class IdTable
{
    private readonly int[] _slots; // row + 1; 0 is free
    private readonly int _shift;

    public IdTable(int rows)
    {
        int log = Math.Max(4, BitOperations.Log2((uint)Math.Max(1, rows - 1)) + 1);
        if ((1L << log) * 3 < (long)rows * 4) log++;
        _slots = new int[1L << log];
        _shift = 64 - log;
    }

    public long MemoryBytes => (long)_slots.Length * sizeof(int);

    /// <summary>The row of <paramref name="id"/>, removed or not; −1 if it never was here.</summary>
    public int Find(ulong id, in IdColumn ids)
    {
        for (nuint slot = Slot(id); ; slot = Next(slot))
        {
            int row = Volatile.Read(ref _slots[slot]) - 1;
            if (row < 0 || ids[row] == id) return row;
        }
    }

    /// <summary>Points <paramref name="id"/> at <paramref name="row"/>; returns the row it pointed at before, or −1.</summary>
    public int Set(ulong id, int row, in IdColumn ids)
    {
        for (nuint slot = Slot(id); ; slot = Next(slot))
        {
            int previous = _slots[slot] - 1;
            if (previous >= 0 && ids[previous] != id) continue;
            Volatile.Write(ref _slots[slot], row + 1);
            return previous;
        }
    }

    private nuint Slot(ulong id) => (nuint)((id * 0x9E3779B97F4A7C15UL) >> _shift);

    private nuint Next(nuint slot) => (slot + 1) & (nuint)(_slots.Length - 1);
}
