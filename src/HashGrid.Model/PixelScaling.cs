using HashGrid.Model.Runtime;
using static TorchSharp.torch;

namespace HashGrid.Model;

/// <summary>Grey 0..1 as a pretrained trunk expects it: three equal channels, scaled and shifted.</summary>
internal static class PixelScaling
{
    private static readonly float[] ImageNetMean = [0.485f, 0.456f, 0.406f], ImageNetDeviation = [0.229f, 0.224f, 0.225f];

    /// <summary>[N, S, S] or [N, 1, S, S] → [N, channels, S, S], channels last in memory: convolutions are up to twice as fast.</summary>
    /// <param name="pixels">Grey 0..1.</param>
    /// <param name="side">S.</param>
    /// <param name="scaling">What the trunk was trained on.</param>
    /// <param name="channels">3, or 1: ImageNet's mean and deviation are then those of the three channels on average.</param>
    public static Tensor Apply(Tensor pixels, int side, InputScaling scaling, int channels = 3)
    {
        Tensor x = pixels.view(-1, side, side, 1).expand(-1, -1, -1, channels).contiguous().permute(0, 3, 1, 2);
        if (scaling == InputScaling.Symmetric)
        {
            // Tensors, not numbers: TorchSharp does not hold a number while libtorch reads it, and another thread's garbage collection would free it.
            using Tensor two = tensor(2f, dtype: x.dtype, device: x.device), one = tensor(1f, dtype: x.dtype, device: x.device);
            return (x * two).Minus(one);
        }
        (float[] means, float[] deviations) = ImageNet(channels);
        using Tensor mean = tensor(means, dtype: x.dtype, device: x.device).view(1, channels, 1, 1), deviation = tensor(deviations, dtype: x.dtype, device: x.device).view(1, channels, 1, 1);
        return x.Minus(mean) / deviation;
    }

    /// <summary>x_c = grey · scale_c + shift_c, for each channel.</summary>
    public static (float[] Scale, float[] Shift) Channels(InputScaling scaling, int channels = 3)
    {
        (float[] means, float[] deviations) = ImageNet(channels);
        float[] scale = new float[channels], shift = new float[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            scale[channel] = scaling == InputScaling.Symmetric ? 2 : 1 / deviations[channel];
            shift[channel] = scaling == InputScaling.Symmetric ? -1 : -means[channel] / deviations[channel];
        }
        return (scale, shift);
    }

    private static (float[] Means, float[] Deviations) ImageNet(int channels) =>
        channels == 3 ? (ImageNetMean, ImageNetDeviation) : ([ImageNetMean.Average()], [ImageNetDeviation.Average()]);
}
