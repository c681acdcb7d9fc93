namespace HashGrid.Model.Onnx;

/// <summary>Weights of one layer as signed bytes with one scale for each output channel: w ≈ scale_c · value.</summary>
/// <param name="Values">In the weights' own order.</param>
/// <param name="Scales">One for each output channel, above zero.</param>
internal sealed record Int8Weights(sbyte[] Values, float[] Scales)
{
    private const int Largest = 127;

    /// <summary>Quantises.</summary>
    /// <param name="weights">[channels, …], channel after channel.</param>
    /// <param name="least">The least scale of a channel: what keeps its bias within 32 bits.</param>
    /// <remarks>
    /// A network that was trained with quantised weights (TensorFlow's, for one) has them on a grid of one step. Where 127 steps hold a channel, its scale is
    /// that step, and nothing is lost; any other scale would round every weight anew.
    /// </remarks>
    public static Int8Weights Of(ReadOnlySpan<float> weights, ReadOnlySpan<float> least)
    {
        int channels = least.Length, size = weights.Length / channels;
        float step = GridStep(weights);
        var values = new sbyte[weights.Length];
        var scales = new float[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> own = weights.Slice(channel * size, size);
            float largest = 0;
            foreach (float value in own) largest = Math.Max(largest, Math.Abs(value));
            float scale = step > 0 && largest <= (Largest + 0.4f) * step ? step : largest / Largest;
            scales[channel] = scale = Math.Max(scale, Math.Max(least[channel], 1e-20f));
            for (int i = 0; i < size; i++) values[channel * size + i] = (sbyte)Math.Clamp(MathF.Round(own[i] / scale), -Largest, Largest);
        }
        return new Int8Weights(values, scales);
    }

    /// <summary>The step of which every weight is a whole multiple, if the weights span at most 255 of them; else 0.</summary>
    private static float GridStep(ReadOnlySpan<float> weights)
    {
        float low = 0, high = 0;
        foreach (float value in weights) (low, high) = (Math.Min(low, value), Math.Max(high, value));
        for (int steps = byte.MaxValue; steps > Largest; steps--)
        {
            float step = (high - low) / steps;
            if (step > 0 && IsGrid(weights, step)) return step;
        }
        return 0;
    }

    private static bool IsGrid(ReadOnlySpan<float> weights, float step)
    {
        foreach (float value in weights)
        {
            float steps = value / step;
            // Half-precision floats are off by up to 1/16 at 128 steps.
            if (Math.Abs(steps - MathF.Round(steps)) > 0.15f) return false;
        }
        return weights.Length >= 64; // a few numbers lie on some grid by chance
    }
}
