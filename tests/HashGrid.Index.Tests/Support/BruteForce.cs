using System.Numerics;

namespace HashGrid.Index.Tests.Support;

/// <summary>The slow search that we trust: every code, sorted as a whole.</summary>
internal sealed class BruteForce(CodeWidth width)
{
    private readonly SortedDictionary<ulong, ulong[]> _codes = [];
    private readonly Dictionary<ulong, ulong> _labels = [];

    public int Count => _codes.Count;

    public IEnumerable<ulong> Ids => _codes.Keys;

    public static BruteForce Of(CodeWidth width, ReadOnlySpan<ulong> codes, ReadOnlySpan<ulong> labels = default)
    {
        var all = new BruteForce(width);
        for (int i = 0; i < codes.Length / width.Words; i++) all.Set((ulong)i, codes.Slice(i * width.Words, width.Words).ToArray(), labels.IsEmpty ? 0 : labels[i]);
        return all;
    }

    public ulong[]? Get(ulong id) => _codes.GetValueOrDefault(id);

    public ulong LabelsOf(ulong id) => _labels.GetValueOrDefault(id);

    public void Set(ulong id, ulong[] code, ulong labels = 0) => (_codes[id], _labels[id]) = (code, labels);

    public bool Remove(ulong id) => _codes.Remove(id);

    public Neighbor[] Nearest(ReadOnlySpan<ulong> query, int k, Predicate<ulong>? filter = null) =>
        [.. Within(query, width.Bits, filter).Take(k)];

    public Neighbor[] Within(ReadOnlySpan<ulong> query, int radius, Predicate<ulong>? filter = null)
    {
        List<Neighbor> found = [];
        foreach ((ulong id, ulong[] code) in _codes)
        {
            int distance = Distance(query, code);
            if (distance <= radius && (filter is null || filter(id))) found.Add(new Neighbor(id, distance));
        }
        return [.. found.OrderBy(n => n.Distance).ThenBy(n => n.Id)];
    }

    public static int Distance(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        int sum = 0;
        for (int i = 0; i < a.Length; i++) sum += BitOperations.PopCount(a[i] ^ b[i]);
        return sum;
    }

    /// <summary>The same, counted one bit after the other.</summary>
    public static int DistanceBitByBit(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        int sum = 0;
        for (int bit = 0; bit < a.Length * 64; bit++)
        {
            if (((a[bit / 64] >> (bit % 64)) & 1) != ((b[bit / 64] >> (bit % 64)) & 1)) sum++;
        }
        return sum;
    }
}
