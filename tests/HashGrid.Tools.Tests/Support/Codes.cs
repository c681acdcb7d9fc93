using System.Numerics;
using System.Runtime.InteropServices;

namespace HashGrid.Tools.Tests.Support;

/// <summary>Codes from a seed, as files hold them, and the slow answer that every engine must give.</summary>
internal static class Codes
{
    /// <summary>count × ⌈bits / 64⌉ words, every bit at random.</summary>
    public static ulong[] Uniform(int seed, int bits, int count)
    {
        Random random = new(seed);
        int words = (bits + 63) / 64;
        ulong[] codes = new ulong[count * words];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = (ulong)random.NextInt64(long.MinValue, long.MaxValue) & Mask(bits, i % words, words);
        return codes;
    }

    /// <summary>As <see cref="Uniform"/>, but around 20 centres with one bit in twelve flipped.</summary>
    public static ulong[] Clustered(int seed, int bits, int count)
    {
        Random random = new(seed);
        int words = (bits + 63) / 64;
        ulong[] centres = Uniform(20261, bits, 20);
        ulong[] codes = new ulong[count * words];
        for (int i = 0; i < count; i++)
        {
            centres.AsSpan(random.Next(20) * words, words).CopyTo(codes.AsSpan(i * words));
            for (int bit = 0; bit < bits; bit++)
                if (random.Next(12) == 0)
                    codes[(i * words) + (bit / 64)] ^= 1UL << (bit % 64);
        }
        return codes;
    }

    public static ReadOnlySpan<byte> Bytes(ulong[] codes) => MemoryMarshal.AsBytes(codes.AsSpan());

    /// <summary>The k nearest as (distance, id) pairs padded with −1: every distance computed, then sorted.</summary>
    public static int[] BruteForce(ulong[] codes, ulong[] queries, int bits, int k, int radius)
    {
        int words = (bits + 63) / 64;
        List<int> answer = [];
        for (int query = 0; query < queries.Length; query += words)
        {
            var all = new List<(int Distance, int Id)>();
            for (int id = 0; id < codes.Length / words; id++)
            {
                int distance = 0;
                for (int word = 0; word < words; word++)
                    distance += BitOperations.PopCount(codes[(id * words) + word] ^ queries[query + word]);
                if (distance <= radius)
                    all.Add((distance, id));
            }
            all.Sort();
            for (int rank = 0; rank < k; rank++)
                answer.AddRange(rank < all.Count ? [all[rank].Distance, all[rank].Id] : [-1, -1]);
        }
        return [.. answer];
    }

    private static ulong Mask(int bits, int word, int words) =>
        word < words - 1 || bits % 64 == 0 ? ulong.MaxValue : (1UL << (bits % 64)) - 1;
}
