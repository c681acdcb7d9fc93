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

    /// <summary>Values stretched to 0 to 1, for showing; all 0 where the map is flat.</summary>
    public static float[] Stretch(float[] values)
    {
        (float low, float high) = (values.Min(), values.Max());
        return Array.ConvertAll(values, value => high > low ? (value - low) / (high - low) : 0);
    }
}
