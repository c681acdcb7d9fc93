using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HashGrid.Server.Storage.Table;

/// <summary>Which ids may hold a content: a hint in memory for each put with a digest, proven by the record itself. A view of the journal.</summary>
/// <remarks>
/// <para>
/// Puts with the same 32 bits of digest form a ring in journal order. An entry counts if the latest record of its id is the one that made it; then
/// that record tells the whole digest. What does not count any more is dropped when a search meets it, so that a replay needs no look
/// at older records. 20 bytes an entry and 5 to 11 of hash slots. The store's decision lock guards it.
/// </para>
/// <para>A put of content that nobody holds costs one look into memory; a duplicate, one record read from the journal.</para>
/// </remarks>
public sealed class DigestTable
{
    private const int ChunkBits = 16;
    private const int ChunkEntries = 1 << ChunkBits;

    // How far a removal looks for its entry; what it does not find, a search drops later.
    private const int MaxForgetSteps = 16;

    private readonly List<Entry[]> _chunks = [];
    private int[] _slots = new int[1024];   // number of a ring's last entry + 1; 0 is free
    private int _rings;
    private int _entries;   // ever used, the free ones among them
    private int _free = -1;

    /// <summary>Entries, those among them that do not count any more.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of memory.</summary>
    public long MemoryBytes => (long)_slots.Length * sizeof(int) + (long)_chunks.Count * ChunkEntries * Unsafe.SizeOf<Entry>();

    /// <summary>Notes a put, the latest of all.</summary>
    public void Add(ContentDigest digest, ulong id, long sequence) => Add(digest.Tag, id, (uint)sequence);

    /// <summary>The same with what is kept of it.</summary>
    internal void Add(uint tag, ulong id, uint sequence)
    {
        if (_rings >= _slots.Length / 4 * 3)
            Grow();
        int slot = SlotOf(tag), added = Take();
        ref Entry entry = ref At(added);
        entry = new Entry { Id = id, Tag = tag, Sequence = sequence, Next = added };
        if (_slots[slot] == 0)
        {
            _rings++;
        }
        else
        {
            ref Entry last = ref At(_slots[slot] - 1);
            (entry.Next, last.Next) = (last.Next, added);
        }
        _slots[slot] = added + 1;
        Count++;
    }

    /// <summary>Forgets a put that is the latest of its id no more; so that memory follows what is stored, not needed for a right answer.</summary>
    public void Forget(ContentDigest digest, ulong id, long sequence)
    {
        int slot = SlotOf(digest.Tag);
        if (_slots[slot] == 0)
            return;
        int before = _slots[slot] - 1;
        for (int step = 0; step < MaxForgetSteps; step++)
        {
            int at = At(before).Next;
            if (At(at).Id == id && At(at).Sequence == (uint)sequence)
            {
                Drop(slot, before, at);
                return;
            }
            if (at == _slots[slot] - 1)
                return;
            before = at;
        }
    }

    /// <summary>The oldest record that holds a content.</summary>
    /// <param name="digest">Of the content.</param>
    /// <param name="latest">The latest record of an id, or null.</param>
    public CodeRecord? Find(ContentDigest digest, Func<ulong, CodeRecord?> latest)
    {
        int slot = SlotOf(digest.Tag);
        if (_slots[slot] == 0)
            return null;
        int before = _slots[slot] - 1;
        while (true)
        {
            int at = At(before).Next;
            bool isLast = at == _slots[slot] - 1;
            CodeRecord? record = latest(At(at).Id);
            if (record is null || (uint)record.Sequence != At(at).Sequence)
                Drop(slot, before, at);
            else if (record.Digest == digest)
                return record;
            else
                before = at;
            if (isLast)
                return null;
        }
    }

    private void Drop(int slot, int before, int at)
    {
        if (before == at)
        {
            CloseGap(slot);
            _rings--;
        }
        else
        {
            At(before).Next = At(at).Next;
            if (at == _slots[slot] - 1)
                _slots[slot] = before + 1;
        }
        At(at).Next = _free;
        _free = at;
        Count--;
    }

    private int Take()
    {
        if (_free >= 0)
        {
            int taken = _free;
            _free = At(taken).Next;
            return taken;
        }
        if (_entries == _chunks.Count * ChunkEntries)
            _chunks.Add(new Entry[ChunkEntries]);
        return _entries++;
    }

    private ref Entry At(int number) => ref _chunks[number >> ChunkBits][number & (ChunkEntries - 1)];

    /// <summary>The slot of a tag's ring, or the free one where it belongs.</summary>
    private int SlotOf(uint tag)
    {
        int slot = Home(tag);
        while (_slots[slot] != 0 && At(_slots[slot] - 1).Tag != tag)
            slot = (slot + 1) & (_slots.Length - 1);
        return slot;
    }

    // Digests are random enough for their own bits to spread them.
    private int Home(uint tag) => (int)(tag >> (32 - BitOperations.Log2((uint)_slots.Length)));

    private void CloseGap(int gap)
    {
        int mask = _slots.Length - 1;
        for (int slot = (gap + 1) & mask; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            int home = Home(At(_slots[slot] - 1).Tag);
            // It may move back to the gap unless its home lies behind it.
            if (((slot - home) & mask) < ((slot - gap) & mask))
                continue;
            _slots[gap] = _slots[slot];
            gap = slot;
        }
        _slots[gap] = 0;
    }

    private void Grow()
    {
        int[] old = _slots;
        _slots = new int[checked(old.Length * 2)];
        foreach (int last in old)
        {
            if (last != 0)
                _slots[SlotOf(At(last - 1).Tag)] = last;
        }
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Entry
    {
        public ulong Id;
        public uint Tag;

        /// <summary>The low 32 bits of the put's journal sequence.</summary>
        public uint Sequence;

        /// <summary>The next younger entry; of the last one, the oldest. Of a free one, the next free.</summary>
        public int Next;
    }
}
