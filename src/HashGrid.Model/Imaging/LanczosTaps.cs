using System.Collections.Concurrent;

namespace HashGrid.Model.Imaging;

/// <summary>Which values of a row, and how much of each, make each value of a shorter row: Lanczos with three lobes, stretched by the reduction.</summary>
/// <remarks>
/// Positions are rounded to a 64th of a pixel and weights cut to a 4096th, as in libvips, from whose pictures the shipped weights have learned. Sums of whole
/// grey levels are then exact in float32, in any order.
/// </remarks>
internal sealed class LanczosTaps
{
    private const int Lobes = 3, Phases = 64, Parts = 4096;

    // Archives hold few sizes; a stranger's thousand must not stay in memory.
    private const int MostKept = 256;

    private static readonly ConcurrentDictionary<(int Source, int Target), LanczosTaps> Kept = new();

    private LanczosTaps(int source, int target)
    {
        double shrink = source / (double)target;
        Count = (int)Math.Round(2 * Lobes * shrink) + 1;
        Padded = (Count + 7) / 8 * 8;
        First = new int[target];
        Weights = new float[target * Padded];
        Span<double> weights = stackalloc double[Count];
        for (int i = 0; i < target; i++)
        {
            double centre = Math.Floor(((i + 0.5) * shrink * Phases) + 0.5) / Phases;
            First[i] = (int)Math.Floor(centre) - (Count / 2);
            double sum = 0;
            for (int tap = 0; tap < Count; tap++) sum += weights[tap] = Lanczos((First[i] + tap + 0.5 - centre) / shrink);
            for (int tap = 0; tap < Count; tap++) Weights[(i * Padded) + tap] = (float)(Math.Truncate(weights[tap] / sum * Parts) / Parts);
        }
    }

    /// <summary>Values that make one.</summary>
    public int Count { get; }

    /// <summary>The same, filled up to whole vectors with weights of zero.</summary>
    public int Padded { get; }

    /// <summary>By target: the place of its first value in the source; may lie before its beginning, where the first value repeats.</summary>
    public int[] First { get; }

    /// <summary>[target, <see cref="Padded"/>]; each row sums up to 1, or a few 4096ths less.</summary>
    public float[] Weights { get; }

    public static LanczosTaps Of(int source, int target)
    {
        if (Kept.TryGetValue((source, target), out LanczosTaps? taps)) return taps;
        if (Kept.Count >= MostKept) Kept.Clear();
        return Kept[(source, target)] = new LanczosTaps(source, target);
    }

    private static double Lanczos(double x)
    {
        if (x == 0) return 1;
        if (Math.Abs(x) >= Lobes) return 0;
        double angle = Math.PI * x;
        return Lobes * Math.Sin(angle) * Math.Sin(angle / Lobes) / (angle * angle);
    }
}
