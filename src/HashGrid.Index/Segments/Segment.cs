using HashGrid.Index.Clusters;
using HashGrid.Index.MultiIndex;
using HashGrid.Index.Planning;

namespace HashGrid.Index.Segments;

/// <summary>A block of codes with their ids: open (one writer appends, readers see the published part) or sealed.</summary>
internal sealed unsafe class Segment
{
    private IdTable? _table;
    private long _version; // published rows << 32 | replacements before; one write, so that a reader never sees half of an upsert

    public Segment(int words, int capacity, int count, NativeBlock codes, IdColumn ids, NativeBlock? labels = null)
    {
        Words = words;
        Capacity = capacity;
        CodeBlock = codes;
        Ids = ids;
        Labels = new LabelColumn(capacity, labels);
        Removed = new Tombstones(capacity);
        _version = (long)count << 32;
    }

    public int Words { get; }

    /// <summary>Rows there is room for.</summary>
    public int Capacity { get; }

    public NativeBlock CodeBlock { get; }

    /// <summary>Rows × Words words.</summary>
    public ulong* Codes => (ulong*)CodeBlock.Pointer;

    public IdColumn Ids { get; }

    public LabelColumn Labels { get; }

    public Tombstones Removed { get; }

    /// <summary>Whether structures have been built, or found not to pay; an open segment that was sealed has none yet.</summary>
    public bool IsBuilt { get; init; }

    /// <summary>Hash tables over substrings, if this segment has them.</summary>
    public MultiIndexTable? MultiIndex { get; init; }

    /// <summary>Centres that the rows are sorted by, if they are.</summary>
    public ClusterTable? Clusters { get; init; }

    /// <summary>What searches before have shown.</summary>
    public SearchHistory History { get; } = new();

    /// <summary>Rows published.</summary>
    public int Count => (int)(Version >> 32);

    /// <summary>Rows that are published and not removed.</summary>
    public int Live => Count - Removed.Count;

    /// <summary>Rows published in the upper half, replacements logged before in the lower: read as one.</summary>
    public long Version => Volatile.Read(ref _version);

    public long MemoryBytes =>
        CodeBlock.Length + Ids.MemoryBytes + Labels.MemoryBytes + Removed.MemoryBytes + (_table?.MemoryBytes ?? 0) + (MultiIndex?.MemoryBytes ?? 0) +
        (Clusters?.MemoryBytes ?? 0);

    /// <summary>An empty segment with room for <paramref name="capacity"/> rows with given ids.</summary>
    public static Segment CreateOpen(int words, int capacity, uint replacements)
    {
        var segment = new Segment(words, capacity, 0,
            NativeBlock.Allocate((long)capacity * words * sizeof(ulong)), IdColumn.Given(NativeBlock.Allocate((long)capacity * sizeof(ulong))))
        {
            _table = new IdTable(capacity),
        };
        segment.Publish(0, replacements);
        return segment;
    }

    public ulong* Code(int row) => Codes + ((nint)row * Words);

    /// <summary>Makes <paramref name="count"/> rows visible. Writer only.</summary>
    public void Publish(int count, uint replacements) => Volatile.Write(ref _version, ((long)count << 32) | replacements);

    /// <summary>Writes a row that <see cref="Publish"/> will show. Writer only.</summary>
    public void Write(int row, ulong id, ReadOnlySpan<ulong> code, ulong labels)
    {
        code.CopyTo(new Span<ulong>(Code(row), Words));
        Ids.Set(row, id);
        Labels.Set(row, labels);
    }

    /// <summary>Lets look-ups by id find the row. Writer only, on the open segment.</summary>
    public void Register(int row, ulong id) => _table!.Set(id, row, Ids);

    /// <summary>The row of <paramref name="id"/> if it is here and not removed; −1 if not.</summary>
    public int FindLive(ulong id)
    {
        int row = Find(id);
        return row >= 0 && !Removed[row] ? row : -1;
    }

    /// <summary>A wider copy, for an open segment that is full. Writer only.</summary>
    public Segment Grow(int capacity)
    {
        int count = Count;
        Segment wider = CreateOpen(Words, capacity, (uint)Version);
        Buffer.MemoryCopy(Codes, wider.Codes, wider.CodeBlock.Length, (long)count * Words * sizeof(ulong));
        for (int row = 0; row < count; row++)
        {
            ulong id = Ids[row];
            wider.Ids.Set(row, id);
            wider.Labels.Set(row, Labels[row]);
            wider.Register(row, id); // of two rows with one id the later is the live one
        }
        wider.Removed.Load(Removed.Copy());
        wider.Publish(count, (uint)Version);
        return wider;
    }

    /// <summary>Builds the table from id to row now; returns the first id that occurs twice, if any.</summary>
    public ulong? BuildTable()
    {
        IdTable table = new(Count);
        ulong? twice = null;
        for (int row = 0; row < Count; row++)
        {
            if (table.Set(Ids[row], row, Ids) >= 0) twice ??= Ids[row];
            if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
        }
        _table = table;
        return twice;
    }

    private int Find(ulong id)
    {
        if (Ids.Kind != IdKind.Given)
        {
            if (id < Ids.First || id - Ids.First >= (ulong)Count) return -1;
            if (Ids.Kind == IdKind.Counted) return (int)(id - Ids.First);
        }
        // A segment that is only searched never pays for this table. Two threads may build it at once; they build the same.
        if (Volatile.Read(ref _table) is null) BuildTable();
        return _table!.Find(id, Ids);
    }
}
