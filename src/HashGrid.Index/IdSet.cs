using System.Numerics;

namespace HashGrid.Index;

/// <summary>A fixed set of ids that searches can be restricted to: a bitmap where ids lie close together, a hash table where they do not.</summary>
/// <remarks>
/// Immutable, so any number of searches may share it. At most 16 bytes an id, or one bit for each number between the smallest and the largest id.
/// </remarks>
public sealed class IdSet
{
    /// <summary>Bits an id that a bitmap may cost: as many as the hash table.</summary>
    private const ulong BitsPerId = 128;

    private readonly ulong[] _words; // bitmap from _first on; or slots, 0 for free
    private readonly bool _isBitmap;
    private readonly ulong _first;
    private readonly int _shift;
    private readonly bool _hasZero; // 0 marks a free slot, so the id 0 is kept apart

    private IdSet(ulong[] words, bool isBitmap, ulong first, int shift, bool hasZero, int count)
    {
        (_words, _isBitmap, _first, _shift, _hasZero) = (words, isBitmap, first, shift, hasZero);
        Count = count;
    }

    /// <summary>Different ids in the set.</summary>
    public int Count { get; }

    /// <summary>Makes a set.</summary>
    /// <param name="ids">Any ids, in any order; one that comes twice counts once.</param>
    /// <returns>The set; the span is not kept.</returns>
    /// <remarks>O(n).</remarks>
    public static IdSet Of(ReadOnlySpan<ulong> ids)
    {
        ulong least = ulong.MaxValue, most = 0;
        foreach (ulong id in ids)
        {
            least = Math.Min(least, id);
            most = Math.Max(most, id);
        }
        if (ids.IsEmpty) return new IdSet([], true, 0, 0, false, 0);
        return (most - least) / BitsPerId < (ulong)ids.Length ? Bitmap(ids, least, most) : Table(ids);
    }

    /// <summary>Whether the id is in the set.</summary>
    /// <param name="id">Any id.</param>
    /// <remarks>O(1).</remarks>
    public bool Contains(ulong id)
    {
        if (_isBitmap)
        {
            ulong bit = id - _first;
            return bit >> 6 < (ulong)_words.Length && ((_words[bit >> 6] >> (int)bit) & 1) != 0;
        }
        if (id == 0) return _hasZero;
        for (nuint slot = Slot(id, _shift); _words[slot] != 0; slot = (slot + 1) & (nuint)(_words.Length - 1))
        {
            if (_words[slot] == id) return true;
        }
        return false;
    }

    /// <summary>Walks through all ids, in no stated order: begin with a cursor of 0.</summary>
    internal bool Next(ref long cursor, out ulong id)
    {
        if (_isBitmap)
        {
            while (cursor >> 6 < _words.Length)
            {
                ulong rest = _words[cursor >> 6] >> (int)cursor;
                if (rest == 0)
                {
                    cursor = (cursor | 63) + 1;
                    continue;
                }
                cursor += BitOperations.TrailingZeroCount(rest);
                id = _first + (ulong)cursor++;
                return true;
            }
            id = 0;
            return false;
        }
        while (cursor < _words.Length)
        {
            id = _words[cursor++];
            if (id != 0) return true;
        }
        id = 0;
        return cursor++ == _words.Length && _hasZero;
    }

    private static IdSet Bitmap(ReadOnlySpan<ulong> ids, ulong first, ulong last)
    {
        var words = new ulong[((last - first) >> 6) + 1];
        foreach (ulong id in ids) words[(id - first) >> 6] |= 1UL << (int)(id - first);
        int count = 0;
        foreach (ulong word in words) count += BitOperations.PopCount(word);
        return new IdSet(words, true, first, 0, false, count);
    }

    private static IdSet Table(ReadOnlySpan<ulong> ids)
    {
        int log = BitOperations.Log2((uint)ids.Length) + 2, shift = 64 - log, count = 0; // at most half full
        var slots = new ulong[1L << log];
        bool hasZero = false;
        foreach (ulong id in ids)
        {
            if (id == 0)
            {
                hasZero = true;
                continue;
            }
            nuint slot = Slot(id, shift);
            while (slots[slot] != 0 && slots[slot] != id) slot = (slot + 1) & (nuint)(slots.Length - 1);
            if (slots[slot] == 0) count++;
            slots[slot] = id;
        }
        return new IdSet(slots, false, 0, shift, hasZero, count + (hasZero ? 1 : 0));
    }

    private static nuint Slot(ulong id, int shift) => (nuint)((id * 0x9E3779B97F4A7C15UL) >> shift);
}
