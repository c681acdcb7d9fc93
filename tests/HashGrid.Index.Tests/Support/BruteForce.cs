using System.Numerics;

namespace HashGrid.Index.Tests.Support;

/// <summary>The slow search that we trust: every code, sorted as a whole.</summary>
internal sealed class BruteForce(CodeWidth width)
{
    private readonly SortedDictionary<ulong, ulong[]> _codes = [];

    public int Count => _codes.Count;

    public IEnumerable<ulong> Ids => _codes.Keys;

    public static BruteForce Of(CodeWidth width, ReadOnlySpan<ulong> codes)
    {
        var all = new BruteForce(width);
        for (int i = 0; i < codes.Length / width.Words; i++) all._codes[(ulong)i] = codes.Slice(i * width.Words, width.Words).ToArray();
        return all;
    }

    public ulong[]? Get(ulong id) => _codes.GetValueOrDefault(id);

    public void Set(ulong id, ulong[] code) => _codes[id] = code;

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
