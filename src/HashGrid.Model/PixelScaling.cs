using HashGrid.Model.Runtime;
using static TorchSharp.torch;

namespace HashGrid.Model;

/// <summary>Grey 0..1 as a pretrained trunk expects it: three equal channels, scaled and shifted.</summary>
internal static class PixelScaling
{
    private static readonly float[] ImageNetMean = [0.485f, 0.456f, 0.406f], ImageNetDeviation = [0.229f, 0.224f, 0.225f];

    /// <summary>[N, S, S] or [N, 1, S, S] → [N, 3, S, S], channels last in memory: convolutions are up to twice as fast.</summary>
    public static Tensor Apply(Tensor pixels, int side, InputScaling scaling)
    {
        Tensor x = pixels.view(-1, side, side, 1).expand(-1, -1, -1, 3).contiguous().permute(0, 3, 1, 2);
        if (scaling == InputScaling.Symmetric)
        {
            // Tensors, not numbers: TorchSharp does not hold a number while libtorch reads it, and another thread's garbage collection would free it.
            using Tensor two = tensor(2f, dtype: x.dtype, device: x.device), one = tensor(1f, dtype: x.dtype, device: x.device);
            return (x * two).Minus(one);
        }
        using Tensor mean = tensor(ImageNetMean, dtype: x.dtype, device: x.device).view(1, 3, 1, 1), deviation = tensor(ImageNetDeviation, dtype: x.dtype, device: x.device).view(1, 3, 1, 1);
        return x.Minus(mean) / deviation;
    }

    /// <summary>x_c = grey · scale_c + shift_c, for three channels.</summary>
    public static (float[] Scale, float[] Shift) Channels(InputScaling scaling)
    {
        float[] scale = new float[3], shift = new float[3];
        for (int channel = 0; channel < 3; channel++)
        {
            scale[channel] = scaling == InputScaling.Symmetric ? 2 : 1 / ImageNetDeviation[channel];
            shift[channel] = scaling == InputScaling.Symmetric ? -1 : -ImageNetMean[channel] / ImageNetDeviation[channel];
        }
        return (scale, shift);
    }
}
