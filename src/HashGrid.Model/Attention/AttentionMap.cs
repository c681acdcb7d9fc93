using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Attention;

/// <summary>M of one picture: how much the local feature takes of each place, −1 to 1; a negative value takes away.</summary>
/// <param name="Values">Side · Side values, row by row from the top left; the map covers the whole picture.</param>
/// <param name="Side">7 for a picture of 224 pixels and features of stage 5, 14 for stage 4.</param>
public sealed record AttentionMap(float[] Values, int Side)
{
    /// <summary>Bilinear, centres of pixels on centres of pixels, to width · height values of −1 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1.</exception>
    public float[] Resize(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.interpolate(tensor(Values, [1, 1, Side, Side]), size: [height, width], mode: InterpolationMode.Bilinear, align_corners: false).contiguous().data<float>().ToArray();
    }

    /// <summary>
    /// Mean correlation (Pearson) of maps, over all pairs: near 1, the network looks at the same places whatever the picture shows. Flat maps count as the same.
    /// </summary>
    /// <exception cref="ArgumentException">Fewer than two maps, or of different sides.</exception>
    public static double Sameness(IReadOnlyList<AttentionMap> maps)
    {
        if (maps.Count < 2 || maps.Any(map => map.Side != maps[0].Side))
            throw new ArgumentException($"{maps.Count} maps of sides {string.Join(", ", maps.Select(map => map.Side).Distinct())}; two or more of one side are needed", nameof(maps));
        double[][] unit = [.. maps.Select(Unit)];
        double sum = 0;
        for (int i = 0; i < unit.Length; i++)
            for (int j = i + 1; j < unit.Length; j++)
                sum += unit[i].Length == 0 || unit[j].Length == 0 ? 1 : unit[i].Zip(unit[j], (a, b) => a * b).Sum();
        return sum / (unit.Length * (unit.Length - 1) / 2);
    }

    /// <summary>Share of all places where |M| is above 0.95: tanh is flat there, so M hardly depends on the picture, and training hardly moves it. 0 without maps.</summary>
    public static double Saturated(IReadOnlyList<AttentionMap> maps) => maps.SelectMany(map => map.Values).Select(value => Math.Abs(value) > 0.95f ? 1.0 : 0).DefaultIfEmpty(0).Average();

    /// <summary>Values stretched to 0 to 1, for showing; all 0 where the map is flat.</summary>
    public static float[] Stretch(float[] values)
    {
        (float low, float high) = (values.Min(), values.Max());
        return Array.ConvertAll(values, value => high > low ? (value - low) / (high - low) : 0);
    }

    /// <summary>The map less its mean, of length 1; empty where it is flat.</summary>
    private static double[] Unit(AttentionMap map)
    {
        double mean = map.Values.Average(value => (double)value);
        double[] centred = Array.ConvertAll(map.Values, value => value - mean);
        double length = Math.Sqrt(centred.Sum(value => value * value));
        return length > 1e-9 ? Array.ConvertAll(centred, value => value / length) : [];
    }
}
