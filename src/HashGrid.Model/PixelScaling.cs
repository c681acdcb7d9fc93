using HashGrid.Model.Onnx;
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
            return x * two - one;
        }
        using Tensor mean = tensor(ImageNetMean, device: x.device).view(1, 3, 1, 1), deviation = tensor(ImageNetDeviation, device: x.device).view(1, 3, 1, 1);
        return (x - mean) / deviation;
    }

    /// <summary>The same in a graph: [1, 1, S, S] → [1, 3, S, S].</summary>
    public static string Export(OnnxGraph graph, InputScaling scaling)
    {
        bool isSymmetric = scaling == InputScaling.Symmetric;
        float[] scale = new float[3], shift = new float[3];
        for (int channel = 0; channel < 3; channel++)
        {
            scale[channel] = isSymmetric ? 2 : 1 / ImageNetDeviation[channel];
            shift[channel] = isSymmetric ? -1 : -ImageNetMean[channel] / ImageNetDeviation[channel];
        }
        return graph.Add(graph.Multiply(OnnxGraph.Input, graph.Constant(scale, [1, 3, 1, 1])), graph.Constant(shift, [1, 3, 1, 1]));
    }
}
