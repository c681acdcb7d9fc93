using System.Numerics;

namespace HashGrid.Index.Clusters;

/// <summary>Finds centres by k-majority: each code goes to its nearest centre, each centre becomes the majority of its codes, bit by bit.</summary>
/// <remarks>The Hamming form of k-means (Grana et al., "A fast approach for integrating ORB descriptors in the bag of words model", 2013).</remarks>
internal static unsafe class ClusterTrainer
{
    private const int Rounds = 6;
    private const int CodesPerCenter = 24;

    /// <summary>How many centres fit <paramref name="rows"/> codes: about √n for many, enough for well separated groups for few.</summary>
    /// <remarks>Every code meets every centre in a build, so beyond 8192 (from 40M codes on) time would go up faster than searches get shorter.</remarks>
    public static int ChooseCenters(int rows) =>
        Math.Min(rows, (int)Math.Clamp(rows / 256.0, 16, Math.Clamp(1.3 * Math.Sqrt(rows), 4096, 8192)));

    /// <summary>Trains on an evenly spread sample; deterministic.</summary>
    /// <returns>centres × words words, and the mean distance of the sample from its centres, in bits.</returns>
    public static (ulong[] Centers, double MeanDistance) Train(int words, ulong* codes, int count, int centerCount, int threads)
    {
        int sampleCount = (int)Math.Min(count, (long)centerCount * CodesPerCenter);
        var sample = new ulong[(long)sampleCount * words];
        for (int i = 0; i < sampleCount; i++)
        {
            long row = (long)i * count / sampleCount;
            new ReadOnlySpan<ulong>(codes + (row * words), words).CopyTo(sample.AsSpan(i * words));
        }
        var centers = new ulong[centerCount * words];
        for (int i = 0; i < centerCount; i++)
        {
            // A stride through the sample, not its head: neighbouring rows are often alike.
            int pick = (int)((long)i * sampleCount / centerCount);
            sample.AsSpan(pick * words, words).CopyTo(centers.AsSpan(i * words));
        }
        int levels = (words * 64) + 1;
        var keys = new uint[sampleCount];
        double mean = 0;
        fixed (ulong* s = sample)
        {
            fixed (uint* k = keys)
            {
                for (int round = 0; round < Rounds; round++)
                {
                    ClusterAssigner.Assign(words, s, sampleCount, centers, levels, k, threads);
                    mean = 0;
                    foreach (uint key in keys) mean += (double)(key % levels) / sampleCount;
                    if (round + 1 < Rounds) Recenter(words, sample, keys, levels, centers, centerCount);
                }
            }
        }
        return (centers, mean);
    }

    private static void Recenter(int words, ulong[] sample, uint[] keys, int levels, ulong[] centers, int centerCount)
    {
        int bits = words * 64;
        var ones = new int[centerCount * bits];
        var members = new int[centerCount];
        for (int i = 0; i < keys.Length; i++)
        {
            int nearest = (int)(keys[i] / levels);
            members[nearest]++;
            Span<int> counts = ones.AsSpan(nearest * bits, bits);
            for (int w = 0; w < words; w++)
            {
                for (ulong rest = sample[(i * words) + w]; rest != 0; rest &= rest - 1) counts[(w * 64) + BitOperations.TrailingZeroCount(rest)]++;
            }
        }
        // A centre that lost all its codes moves to one of the codes that are worst served.
        int[] worst = WorstServed(keys, levels, members.Count(m => m == 0));
        int nextWorst = 0;
        for (int center = 0; center < centerCount; center++)
        {
            Span<ulong> code = centers.AsSpan(center * words, words);
            if (members[center] == 0)
            {
                sample.AsSpan(worst[nextWorst++] * words, words).CopyTo(code);
                continue;
            }
            code.Clear();
            for (int bit = 0; bit < bits; bit++)
            {
                if (ones[(center * bits) + bit] * 2 > members[center]) code[bit / 64] |= 1UL << (bit % 64);
            }
        }
    }

    private static int[] WorstServed(uint[] keys, int levels, int count)
    {
        if (count == 0) return [];
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(order, (a, b) => keys[a] % levels != keys[b] % levels ? (keys[b] % levels).CompareTo(keys[a] % levels) : a.CompareTo(b));
        return order[..count];
    }
}
